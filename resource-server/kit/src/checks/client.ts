import { Refusal } from '../refusal.ts'
import { type Check, member, type TokenContext } from './context.ts'

/** The client that the token was issued to, from the first of the issuer's claims for it that is there. */
export function clientIdOf({ claims, rules }: Pick<TokenContext, 'claims' | 'rules'>): string | undefined {
  const name = rules.clientClaims.find((claim) => member(claims, claim) !== undefined)
  const client = name === undefined ? undefined : member(claims, name)
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
