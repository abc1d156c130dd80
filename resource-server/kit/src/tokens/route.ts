import { isApiKey } from '@postern/core'
import { Refusal } from '../refusal.ts'
import type { Verify } from './identity.ts'

export interface Verifiers {
  readonly jwt: Verify | undefined
  readonly apiKey: Verify | undefined
  readonly custom: Verify | undefined
}

const jwtShape = /^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*){2,4}$/

/**
 * Sends each bearer to the one verifier that its shape is for, and never on to a second one after a refusal: an API key
 * to the API keys; a JWT to the JWT verifier where there are issuers; anything else to the custom verifier.
 */
export function createRoute({ jwt, apiKey, custom }: Verifiers): Verify {
  return (token, hash) => {
    const verify = apiKey !== undefined && isApiKey(token) ? apiKey : chooseOther(token, { jwt, custom })
    if (verify === undefined) throw new Refusal(apiKey === undefined ? 'malformed_token' : 'api_key_unknown')
    return verify(token, hash)
  }
}

function chooseOther(token: string, { jwt, custom }: Omit<Verifiers, 'apiKey'>): Verify | undefined {
  if (jwt === undefined || custom === undefined) return jwt ?? custom
  return jwtShape.test(token) ? jwt : custom
}
