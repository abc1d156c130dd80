import { limits } from '../limits.ts'
import { wireError } from './wire-error.ts'

export const algorithm = 'HMAC-SHA256'

/** What the credential scope says: `<date>/<region>/<service>/request`. */
export interface Scope {
  /** yyyymmdd */
  readonly date: string
  readonly region: string
  readonly service: string
}

/** A parsed Authorization header. */
export interface Authorization extends Scope {
  readonly accessKeyId: string
  /** Lower-case names, in the order of the header. */
  readonly signedHeaders: readonly string[]
  /** 64 lower-case hexadecimal digits. */
  readonly signature: string
}

/**
 * Reads `HMAC-SHA256 Credential=<id>/<date>/<region>/<service>/request, SignedHeaders=a;b, Signature=<hex>`.
 *
 * @throws WireError with the documented code for each part that is missing or malformed
 */
export function parseAuthorization(header: string | undefined): Authorization {
  if (header === undefined || header.trim() === '') {
    throw wireError('MissingAuthenticationToken', 'Request is missing Authentication Token.')
  }
  const rest = header.startsWith(`${algorithm} `) ? header.slice(algorithm.length + 1) : undefined
  if (rest === undefined || header.length > limits.wireAuthorization) throw malformed()
  const parts = partsOf(rest)
  const signature = parts.get('Signature')
  if (signature === undefined || signature === '') {
    throw wireError('MissingSignature', 'The request is missing signature.')
  }
  if (!/^[0-9a-f]{64}$/.test(signature)) {
    throw wireError('SignatureDoesNotMatch', 'Signature is 64 hexadecimal digits in lower case.')
  }
  return { ...credentialOf(parts.get('Credential')), signedHeaders: headersOf(parts.get('SignedHeaders')), signature }
}

function malformed() {
  return wireError(
    'InvalidAuthorization',
    `Invalid 'Authorization' header; send ${algorithm} Credential=…, SignedHeaders=…, Signature=….`,
  )
}

function partsOf(text: string): Map<string, string> {
  const parts = new Map<string, string>()
  for (const part of text.split(',')) {
    const mark = part.indexOf('=')
    const name = part.slice(0, mark).trim()
    if (mark === -1 || parts.has(name) || !['Credential', 'SignedHeaders', 'Signature'].includes(name)) {
      throw malformed()
    }
    parts.set(name, part.slice(mark + 1).trim())
  }
  return parts
}

function credentialOf(text: string | undefined) {
  if (text === undefined || text === '') {
    throw wireError('MissingRequestInfo', 'The request is missing Credential information.')
  }
  const [accessKeyId = '', date = '', region = '', service = '', end = '', ...more] = text.split('/')
  if (accessKeyId === '' || more.length > 0 || end !== 'request' || !/^\d{8}$/.test(date)) {
    throw wireError('InvalidCredential', 'Credential is <access key id>/<yyyymmdd>/<region>/<service>/request.')
  }
  if (region === '' || service === '') {
    throw wireError('MissingRequestInfo', `The request is missing ${region === '' ? 'Region' : 'Service'} information.`)
  }
  return { accessKeyId, date, region, service }
}

function headersOf(text: string | undefined): readonly string[] {
  if (text === undefined || text === '') {
    throw wireError('MissingRequestInfo', 'The request is missing SignedHeaders information.')
  }
  const names = text.split(';')
  const isSound = names.every((name) => /^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name))
  if (!isSound || names.length > limits.wireSignedHeaders || new Set(names).size !== names.length) throw malformed()
  return names
}
