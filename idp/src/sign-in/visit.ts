import type { Accounts } from '../directory/types.ts'
import type { Interaction } from '../oidc/interactions.ts'
import type { PageExchange } from '../oidc/pages.ts'
import type { Html } from './html/html.ts'
import type { Brand, Frame } from './look/frame.ts'
import type { StepName } from './paths.ts'
import type { Step, Steps } from './step-cookie.ts'

/** A request to a page of an interaction that is this browser's. */
export interface Visit {
  readonly exchange: PageExchange
  readonly interaction: Interaction
  readonly accounts: Accounts
  readonly frame: Frame & { readonly brand: Brand }
  readonly steps: Steps
  /** In development: where codes wait. */
  readonly outbox: string | undefined
  /** Path of a page of this interaction, for links and forms. */
  href(name?: StepName): string
}

/** Fields of a form, none of them twice. */
export type Fields = Readonly<Record<string, string>>

/** What a page answers; `on`: the interaction has its answer, and the browser leaves its pages. */
export type Reply =
  | { readonly kind: 'page'; readonly html: Html; readonly status?: number; readonly retryAfter?: number }
  | { readonly kind: 'go'; readonly to: StepName; readonly query?: string; readonly step?: Step }
  | { readonly kind: 'on'; readonly to: string }

/** A page of an interaction: what it shows, and what it does with its form. */
export interface StepPage {
  /** What the interaction has to be waiting for; at any other time the page leads to its first one. */
  readonly prompt: Interaction['prompt'] | 'any'
  readonly show?: (visit: Visit) => Promise<Reply>
  readonly take?: (visit: Visit, fields: Fields) => Promise<Reply>
}

/** The person is this user: the interaction goes on, and what its pages left for each other goes. */
export async function finishSignIn(visit: Visit, userId: string, isRemembered: boolean): Promise<Reply> {
  const { req, res, interactions } = visit.exchange
  visit.steps.clear(res, visit.interaction.uid)
  return { kind: 'on', to: await interactions.signedIn(req, res, { userId, remember: isRemembered }) }
}
