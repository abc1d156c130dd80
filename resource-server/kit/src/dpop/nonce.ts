import { type Clock, constantTimeEqual, encodeBase64url, type JsonObject } from '@postern/core'
import { member } from '../checks/context.ts'
import { limits } from '../limits.ts'
import { Refusal } from '../refusal.ts'

export interface NonceRules {
  /** Shared by all instances that serve the resource; undefined: one of this process's own. */
  readonly secret: Uint8Array<ArrayBuffer> | undefined
  /** Longest that a nonce is good, seconds. */
  readonly lifetime: number
}

export interface Nonces {
  /** The proof has a nonce that was given out not long ago (RFC 9449 §9); else rejects with a `Refusal` that brings one. */
  check(claims: JsonObject): Promise<void>
}

/**
 * Nonces that nobody has to remember: a MAC over the resource and the half lifetime that it is now. Good are those of now,
 * of the half before and, for instances whose clock is a little ahead, of the one after. They are no secret and the same
 * for all clients; what they show is that a proof was not made long before it is used.
 */
export function createNonces(rules: NonceRules, { resource, clock }: { resource: string; clock: Clock }): Nonces {
  const made = new Map<number, Promise<string>>()
  let key: Promise<CryptoKey> | undefined

  const make = async (period: number): Promise<string> => {
    key ??= importSecret(rules.secret)
    const input = utf8.encode(`postern dpop nonce\n${resource}\n${period}`)
    return encodeBase64url(new Uint8Array(await crypto.subtle.sign('HMAC', await key, input)))
  }
  const nonceOf = (period: number): Promise<string> => {
    const known = made.get(period)
    if (known !== undefined) return known
    if (made.size >= limits.dpopNonces) made.clear()
    const nonce = make(period)
    made.set(period, nonce)
    return nonce
  }

  return {
    async check(claims) {
      const nonce = member(claims, 'nonce')
      const period = Math.floor((clock.now() * 2) / (rules.lifetime * 1000))
      const good = await Promise.all([period, period - 1, period + 1].map(nonceOf))
      if (typeof nonce === 'string' && good.some((candidate) => constantTimeEqual(candidate, nonce))) return
      throw new Refusal('dpop_nonce_required', { nonce: await nonceOf(period) })
    },
  }
}

const utf8 = new TextEncoder()

/** Random bytes are taken at the first use, for some platforms have none to give while a module is being loaded. */
function importSecret(secret = crypto.getRandomValues(new Uint8Array(32))): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', secret, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
}
