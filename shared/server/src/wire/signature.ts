import { timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Clock } from '@postern/core'
import { limits } from '../limits.ts'
import type { StoreBase } from '../store/store.ts'
import type { AccessKey } from './access-keys.ts'
import { type Authorization, parseAuthorization } from './authorization.ts'
import { type SignedParts, sha256Hex, sign } from './canonical.ts'
import { createUsedSignatures } from './used-signatures.ts'
import { wireError } from './wire-error.ts'

/** A request as it came. */
export interface SignedRequest {
  readonly req: Pick<IncomingMessage, 'method' | 'headers' | 'headersDistinct'>
  readonly path: string
  readonly query: SignedParts['query']
  readonly body: Uint8Array
}

export interface SignatureOptions {
  readonly accessKeys: readonly AccessKey[]
  readonly clock: Clock
  /** Where used signatures are noted. */
  readonly store: Pick<StoreBase, 'own'>
}

/** Checks who signed a request. */
export interface SignatureCheck {
  /** What can be known without the body; nothing is proven yet. */
  read(req: SignedRequest['req']): Authorization
  /**
   * @throws WireError with the documented code: unknown key, date out of the window, another body, wrong or used signature
   */
  verify(authorization: Authorization, request: SignedRequest): Promise<void>
}

/** HMAC-SHA256 signatures of the originals: over whatever SignedHeaders lists, good once, within 15 minutes. */
export function createSignatureCheck({ accessKeys, clock, store }: SignatureOptions): SignatureCheck {
  const secrets = new Map(accessKeys.map((key) => [key.accessKeyId, key.secretAccessKey]))
  const used = createUsedSignatures({ store, max: limits.wireSignatures, clock })
  return {
    read: (req) => parseAuthorization(onlyHeader(req, 'authorization')),
    async verify(authorization, request) {
      const secretAccessKey = secrets.get(authorization.accessKeyId)
      if (secretAccessKey === undefined) throw unknownKey(secrets.size)
      const { text: date, time } = dateOf(request.req, authorization)
      if (Math.abs(clock.now() - time) > limits.wireClockSkew) throw stale()
      const bodyHash = sha256Hex(request.body)
      checkBodyHash(request.req, bodyHash)
      const { method = '' } = request.req
      const headers = authorization.signedHeaders.map((name) => [name, signedHeader(request.req, name)] as const)
      const parts = { method, path: request.path, query: request.query, headers, bodyHash }
      const expected = sign({ secretAccessKey, scope: authorization, date }, parts)
      if (!timingSafeEqual(Buffer.from(expected), Buffer.from(authorization.signature))) throw mismatch()
      await useOnce(authorization.signature, time + limits.wireClockSkew)
    },
  }

  async function useOnce(signature: string, until: number): Promise<void> {
    const found = await used.use(signature, until)
    if (found === 'used') {
      throw wireError('InvalidTimestamp', 'The signature was used before; sign the request again with a new X-Date.')
    }
    if (found === 'full') throw wireError('FlowLimitExceeded', 'Too many requests in 15 minutes; send fewer.')
  }
}

function unknownKey(known: number) {
  const mend =
    known === 0
      ? 'no access keys are configured here: set accessKeys in the seed file, or POSTERN_ACCESS_KEY_ID and POSTERN_SECRET_ACCESS_KEY'
      : 'use one of the configured access keys'
  return wireError('InvalidAccessKey', `The accesskey included in the request is invalid; ${mend}.`)
}

function stale() {
  const minutes = limits.wireClockSkew / 60_000
  return wireError(
    'InvalidTimestamp',
    `The signature of the request is expired, or of the future: X-Date must be within ${minutes} minutes of now (UTC).`,
  )
}

function mismatch() {
  return wireError(
    'SignatureDoesNotMatch',
    'The request signature we calculated does not match the signature you provided. Check your Secret Access Key and signing method.',
  )
}

function dateOf(req: SignedRequest['req'], scope: Authorization): { text: string; time: number } {
  const text = onlyHeader(req, 'x-date')
  if (text === undefined) throw wireError('MissingRequestInfo', 'The request is missing X-Date information.')
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text)
  const [, year, month, day, hour, minute, second] = match ?? []
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  if (Number.isNaN(time)) throw wireError('InvalidTimestamp', 'X-Date must be such as 20261122T084225Z.')
  if (!text.startsWith(scope.date)) {
    throw wireError('InvalidCredential', 'The date in Credential must be the day of X-Date.')
  }
  return { text, time }
}

/** A body that is not the one that was signed is told apart from a wrong key only where the caller sent its hash. */
function checkBodyHash(req: SignedRequest['req'], bodyHash: string): void {
  const sent = onlyHeader(req, 'x-content-sha256')
  if (sent === undefined || sent === bodyHash) return
  throw wireError('SignatureDoesNotMatch', 'X-Content-Sha256 is not the SHA-256 of the body that was received.')
}

/** A signed header that is not there was taken away on the way. */
function signedHeader(req: SignedRequest['req'], name: string): string {
  const value = onlyHeader(req, name)
  if (value === undefined) {
    throw wireError('SignatureDoesNotMatch', `SignedHeaders lists ${name}, and the request has no such header.`)
  }
  return name === 'host' ? withoutDefaultPort(value) : value
}

function withoutDefaultPort(host: string): string {
  return host.replace(/:(80|443)$/, '')
}

/** A header that is there twice has two meanings, so it has none. */
function onlyHeader(req: SignedRequest['req'], name: string): string | undefined {
  const values = req.headersDistinct[name]
  if (values === undefined) return undefined
  const [value] = values
  if (values.length === 1) return value
  throw wireError('InvalidParameter', `The header ${name} is there ${values.length} times; send it once.`)
}
