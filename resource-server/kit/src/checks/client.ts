import { Refusal } from '../refusal.ts'
import { type Check, member, type TokenContext } from './context.ts'

/** The client that the token was issued to: `client_id` (RFC 9068 §2.2), in the compatible profile also `azp`. */
export function clientIdOf({ claims, rules }: Pick<TokenContext, 'claims' | 'rules'>): string | undefined {
  const named = member(claims, 'client_id')
  const client = named === undefined && rules.profile === 'compatible' ? member(claims, 'azp') : named
  if (client !== undefined && typeof client !== 'string') throw new Refusal('malformed_claim')
  return client === '' ? undefined : client
}

/** The token names its client, unless an option lets it go without. */
export const checkClient: Check = (context) => {
  if (clientIdOf(context) === undefined && !context.rules.allowMissing.has('client_id'))
    throw new Refusal('client_missing')
}

/** The client is one that may come in. The token is good all the same, so this is a matter of policy: 403. */
export const checkAllowedClient: Check = (context) => {
  const allowed = context.rules.allowedClients
  if (allowed !== undefined && !allowed.has(clientIdOf(context) ?? '')) throw new Refusal('client_not_allowed')
}
