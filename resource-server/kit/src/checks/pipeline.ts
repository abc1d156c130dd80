import { checkActive, checkAnsweredIssuer } from './active.ts'
import { checkAudience } from './audience.ts'
import { checkBinding } from './binding.ts'
import { checkClaimRules } from './claim-rules.ts'
import { checkAllowedClient, checkClient } from './client.ts'
import type { Check } from './context.ts'
import { checkDelegation } from './delegation.ts'
import { checkHeader } from './header.ts'
import { checkNotIdToken } from './id-token.ts'
import { checkSubject } from './subject.ts'
import { checkTime } from './time.ts'
import { checkTokenId } from './token-id.ts'
import { checkAnsweredType, checkTokenUse } from './token-use.ts'
import { checkTyp } from './typ.ts'

/** Before the signature: nothing but what decides how to verify it. */
export const headerChecks: readonly Check[] = [checkHeader]

/** After the signature: is this a living access token for this resource? A no is 401. */
export const tokenChecks: readonly Check[] = [
  checkTyp,
  checkNotIdToken,
  checkTokenUse,
  checkAudience,
  checkTime,
  checkSubject,
  checkClient,
  checkTokenId,
  checkDelegation,
  checkBinding,
]

/** The same of what an introspection endpoint answered, which has no header. A no is 401. */
export const introspectionChecks: readonly Check[] = [
  checkActive,
  checkAnsweredIssuer,
  checkAnsweredType,
  ...tokenChecks.filter((check) => check !== checkTyp),
]

/** After that: may this caller come in at all? A no is 403. Scopes come last, and per request. */
export const policyChecks: readonly Check[] = [checkAllowedClient, checkClaimRules]
