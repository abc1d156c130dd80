import { randomBase64url } from '@postern/core'
import { importJWK, SignJWT } from 'jose'
import { limits } from '../limits.ts'
import type { ClientAuthentication } from '../options/introspection.ts'

/** What a request carries to say who sends it: a header, or parameters of the form. */
export interface AuthenticatedBy {
  readonly headers: Readonly<Record<string, string>>
  readonly parameters: Readonly<Record<string, string>>
}

/** Authenticates a client to its authorization server. RFC 6749 §2.3.1, RFC 7523 §2.2. `now`: epoch milliseconds. */
export async function authenticate(
  client: ClientAuthentication,
  audience: string,
  now: number,
): Promise<AuthenticatedBy> {
  switch (client.method) {
    case 'none':
      return { headers: {}, parameters: {} }
    case 'client_secret_basic': {
      const pair = `${formEncode(client.clientId)}:${formEncode(client.clientSecret)}`
      return { headers: { authorization: `Basic ${btoa(pair)}` }, parameters: {} }
    }
    case 'private_key_jwt':
      return {
        headers: {},
        parameters: {
          client_id: client.clientId,
          client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
          client_assertion: await assertion(client, audience, now),
        },
      }
  }
}

/** As in a form (RFC 6749 appendix B): the two are encoded before they are joined, so neither's colon misleads. */
function formEncode(text: string): string {
  return new URLSearchParams({ t: text }).toString().slice(2)
}

async function assertion(
  { clientId, algorithm, key: jwk }: Extract<ClientAuthentication, { method: 'private_key_jwt' }>,
  audience: string,
  now: number,
): Promise<string> {
  const key = await importJWK({ ...jwk }, algorithm)
  const kid = jwk['kid']
  const issuedAt = Math.floor(now / 1000)
  return new SignJWT({})
    .setProtectedHeader({ alg: algorithm, ...(typeof kid === 'string' ? { kid } : {}) })
    .setIssuer(clientId)
    .setSubject(clientId)
    .setAudience(audience)
    .setJti(randomBase64url(16))
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + limits.clientAssertionSeconds)
    .sign(key)
}
