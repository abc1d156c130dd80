import { type Html, html } from '../html/html.ts'
import { noticePage } from '../pages/card.ts'
import { passwordRule } from '../pages/password-rule.ts'
import { recoverPage, resetPage } from '../pages/recovery-pages.ts'
import { type Fields, finishSignIn, type Reply, type StepPage, type Visit } from '../visit.ts'
import { stepOver } from './step-over.ts'
import { typedCode, typedName } from './typed.ts'
import { waitReply } from './waiting.ts'

/** Asks for a code. What it answers tells nothing about whether there is such a user. */
export const recover: StepPage = {
  prompt: 'login',
  async show(visit) {
    if (!visit.accounts.offers(visit.exchange.opened.pool).recovery) return off(visit)
    return { kind: 'page', html: renderRecover(visit, '', {}) }
  },
  async take(visit, fields) {
    const { accounts, exchange, interaction, frame } = visit
    const { address, requestId } = exchange
    const name = typedName(fields, 'username')
    if (name === '') {
      const problem = frame.wording.say('problem.missing')
      return { kind: 'page', html: renderRecover(visit, name, { problem }), status: 400 }
    }
    const result = await accounts.startRecovery(interaction.poolId, { name, address, requestId })
    switch (result.outcome) {
      case 'ok':
        return { kind: 'go', to: 'reset', step: { kind: 'reset', name } }
      case 'wait':
        return waitReply(visit, result, (alert) => renderRecover(visit, name, { alert }))
      case 'off':
        return off(visit)
    }
  },
}

/** Takes the code and the new password. */
export const reset: StepPage = {
  prompt: 'login',
  async show(visit) {
    const step = visit.steps.read(visit.exchange.req, visit.interaction.uid, 'reset')
    return step === undefined ? stepOver(visit) : { kind: 'page', html: renderReset(visit, step.name, {}) }
  },
  async take(visit, fields) {
    const step = visit.steps.read(visit.exchange.req, visit.interaction.uid, 'reset')
    return step === undefined ? stepOver(visit) : takeReset(visit, step.name, fields)
  },
}

async function takeReset(visit: Visit, name: string, fields: Fields): Promise<Reply> {
  const { accounts, exchange, interaction, frame } = visit
  const { address, requestId } = exchange
  const typed = { code: typedCode(fields), password: fields['new_password'] ?? '' }
  const result = await accounts.finishRecovery(interaction.poolId, { name, ...typed, address, requestId })
  switch (result.outcome) {
    case 'ok':
      return finishSignIn(visit, result.user.id, false)
    case 'wrong': {
      const codeProblem = frame.wording.say('confirm.wrong')
      return { kind: 'page', html: renderReset(visit, name, { codeProblem }), status: 400 }
    }
    case 'invalid': {
      const rule = passwordRule(frame.wording, exchange.opened.pool.passwordPolicy)
      const passwordProblem = frame.wording.say('problem.password', { rule })
      return { kind: 'page', html: renderReset(visit, name, { passwordProblem }), status: 400 }
    }
    case 'wait':
      return waitReply(visit, result, (alert) => renderReset(visit, name, { alert }))
  }
}

function off({ frame }: Visit): Reply {
  const { wording, brand } = frame
  const text = html`<p>${wording.say('recover.offText', { pool: brand.name })}</p>`
  return { kind: 'page', html: noticePage(frame, wording.say('recover.off'), text), status: 403 }
}

interface RecoverTold {
  readonly problem?: string
  readonly alert?: string
}

function renderRecover({ frame, interaction, exchange, href }: Visit, username: string, told: RecoverTold): Html {
  return recoverPage(frame, {
    csrf: interaction.csrf,
    action: href('recover'),
    signInPath: href(),
    attributes: exchange.opened.pool.signInAttributes,
    username,
    problem: told.problem,
    alert: told.alert,
  })
}

interface ResetTold {
  readonly codeProblem?: string
  readonly passwordProblem?: string
  readonly alert?: string
}

function renderReset({ frame, interaction, exchange, href, outbox }: Visit, name: string, told: ResetTold): Html {
  return resetPage(frame, {
    csrf: interaction.csrf,
    action: href('reset'),
    recoverPath: href('recover'),
    name,
    policy: exchange.opened.pool.passwordPolicy,
    codeProblem: told.codeProblem,
    passwordProblem: told.passwordProblem,
    alert: told.alert,
    outbox,
  })
}
