import type { User } from '../../directory/types.ts'
import type { Html } from '../html/html.ts'
import { newPasswordPage } from '../pages/new-password-page.ts'
import { passwordRule } from '../pages/password-rule.ts'
import type { StepOf } from '../step-cookie.ts'
import { finishSignIn, type StepPage, type Visit } from '../visit.ts'
import { stepOver } from './step-over.ts'
import { userNameOf } from './user-name.ts'

/** For who came in with a password that has to be changed. */
export const newPassword: StepPage = {
  prompt: 'login',
  async show(visit) {
    const open = await openStep(visit)
    return open === undefined ? stepOver(visit) : { kind: 'page', html: render(visit, open.user) }
  },
  async take(visit, fields) {
    const open = await openStep(visit)
    if (open === undefined) return stepOver(visit)
    const { accounts, interaction, exchange, frame } = visit
    const { requestId, opened } = exchange
    const password = fields['new_password'] ?? ''
    const result = await accounts.setNewPassword(interaction.poolId, open.user.id, { password, requestId })
    if (result.outcome === 'ok') return finishSignIn(visit, result.user.id, open.step.isRemembered)
    const problem = frame.wording.say('problem.password', {
      rule: passwordRule(frame.wording, opened.pool.passwordPolicy),
    })
    return { kind: 'page', html: render(visit, open.user, problem), status: 400 }
  },
}

interface OpenStep {
  readonly step: StepOf<'new-password'>
  readonly user: User
}

/** Good once: who has chosen a password needs no other. */
async function openStep({ steps, exchange, interaction, accounts }: Visit): Promise<OpenStep | undefined> {
  const step = steps.read(exchange.req, interaction.uid, 'new-password')
  if (step === undefined) return undefined
  const user = await accounts.find(interaction.poolId, step.userId)
  return user?.status === 'FORCE_CHANGE_PASSWORD' ? { step, user } : undefined
}

function render({ frame, interaction, href, exchange }: Visit, user: User, problem?: string): Html {
  const { passwordPolicy: policy } = exchange.opened.pool
  const { csrf } = interaction
  return newPasswordPage(frame, { csrf, action: href('new-password'), userName: userNameOf(user), policy, problem })
}
