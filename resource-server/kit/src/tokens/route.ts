import { isApiKey } from '@postern/core'
import { Refusal } from '../refusal.ts'
import type { Verify } from './identity.ts'
import type { ChooseIntrospection } from './introspection-route.ts'
import { isJwtShaped } from './jwt-shape.ts'

export interface Verifiers {
  readonly jwt: Verify | undefined
  readonly apiKey: Verify | undefined
  readonly custom: Verify | undefined
  readonly introspection?: ChooseIntrospection
}

/**
 * Sends each bearer to the one verifier that its shape is for, and never on to a second one after a refusal: an API key
 * to the API keys; what the options want asked about to its issuer; a JWT to the JWT verifier where there are issuers; anything else to the custom verifier.
 */
export function createRoute({ jwt, apiKey, custom, introspection }: Verifiers): Verify {
  return (token) => {
    const verify =
      apiKey !== undefined && isApiKey(token) ? apiKey : (introspection?.(token) ?? chooseOther(token, { jwt, custom }))
    if (verify === undefined) throw new Refusal(apiKey === undefined ? 'malformed_token' : 'api_key_unknown')
    return verify(token)
  }
}

function chooseOther(token: string, { jwt, custom }: Pick<Verifiers, 'jwt' | 'custom'>): Verify | undefined {
  if (jwt === undefined || custom === undefined) return jwt ?? custom
  return isJwtShaped(token) ? jwt : custom
}
