import type { StepName } from '../paths.ts'
import type { Reply, StepPage, Visit } from '../visit.ts'
import { confirm } from './confirm.ts'
import { showConsent, takeConsent } from './consent.ts'
import { newPassword } from './new-password.ts'
import { recover, reset } from './recovery.ts'
import { showSignIn, takeSignIn } from './sign-in.ts'
import { signUp } from './sign-up.ts'

/** The pages of an interaction, by their path. */
export const stepPages: Readonly<Record<StepName, StepPage>> = {
  '': {
    prompt: 'any',
    show: (visit) => (visit.interaction.prompt === 'login' ? showSignIn(visit) : showConsent(visit)),
    take: async (visit, fields) => (visit.interaction.prompt === 'login' ? takeSignIn(visit, fields) : toFirst),
  },
  cancel: { prompt: 'login', take: cancel },
  'sign-up': signUp,
  confirm,
  'new-password': newPassword,
  recover,
  reset,
  consent: { prompt: 'consent', show: async () => toFirst, take: takeConsent },
}

const toFirst: Reply = { kind: 'go', to: '' }

async function cancel({ exchange }: Visit): Promise<Reply> {
  const { req, res, interactions } = exchange
  return { kind: 'on', to: await interactions.cancelled(req, res) }
}
