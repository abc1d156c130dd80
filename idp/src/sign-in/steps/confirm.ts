import type { Html } from '../html/html.ts'
import { confirmPage } from '../pages/confirm-page.ts'
import type { StepOf } from '../step-cookie.ts'
import { type Fields, finishSignIn, type Reply, type StepPage, type Visit } from '../visit.ts'
import { stepOver } from './step-over.ts'
import { typedCode } from './typed.ts'
import { waitReply } from './waiting.ts'

type ConfirmStep = StepOf<'confirm'>

/** The code that proves an address. Only who proved the password in this browser gets here. */
export const confirm: StepPage = {
  prompt: 'login',
  async show(visit) {
    const step = visit.steps.read(visit.exchange.req, visit.interaction.uid, 'confirm')
    if (step === undefined) return stepOver(visit)
    const isSentAgain = new URLSearchParams(visit.exchange.query).has('sent')
    return { kind: 'page', html: render(visit, step, { isSentAgain }) }
  },
  async take(visit, fields) {
    const step = visit.steps.read(visit.exchange.req, visit.interaction.uid, 'confirm')
    if (step === undefined) return stepOver(visit)
    return fields['resend'] === undefined ? takeCode(visit, step, fields) : sendAgain(visit, step)
  },
}

async function takeCode(visit: Visit, step: ConfirmStep, fields: Fields): Promise<Reply> {
  const { accounts, exchange, interaction, frame } = visit
  const { address, requestId } = exchange
  const code = typedCode(fields)
  const result = await accounts.confirm(interaction.poolId, { name: step.name, code, address, requestId })
  switch (result.outcome) {
    case 'ok':
      return finishSignIn(visit, result.user.id, false)
    case 'wrong': {
      const problem = frame.wording.say('confirm.wrong')
      return { kind: 'page', html: render(visit, step, { problem }), status: 400 }
    }
    case 'wait':
      return waitReply(visit, result, (alert) => render(visit, step, { alert }))
  }
}

async function sendAgain(visit: Visit, step: ConfirmStep): Promise<Reply> {
  const { accounts, exchange, interaction } = visit
  const { address, requestId } = exchange
  const result = await accounts.sendConfirmation(interaction.poolId, { name: step.name, address, requestId })
  if (result.outcome === 'wait') return waitReply(visit, result, (alert) => render(visit, step, { alert }))
  return { kind: 'go', to: 'confirm', query: '?sent=1' }
}

interface Told {
  readonly problem?: string
  readonly alert?: string
  readonly isSentAgain?: boolean
}

function render({ frame, interaction, href, outbox }: Visit, { sentTo }: ConfirmStep, told: Told): Html {
  const { problem, alert, isSentAgain = false } = told
  const action = href('confirm')
  return confirmPage(frame, { csrf: interaction.csrf, action, sentTo, problem, alert, isSentAgain, outbox })
}
