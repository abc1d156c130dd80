import type { IncomingMessage } from 'node:http'
import { type ParsedUrlQuery, parse } from 'node:querystring'
import { limits } from '../limits.ts'
import { Refusal } from './refusal.ts'

/** A form as it was sent: the bytes, and what they mean. */
export interface Form {
  readonly body: Buffer
  readonly params: ParsedUrlQuery
}

const notAForm = 'send the parameters as a form: content-type application/x-www-form-urlencoded'
const tooLarge = `the request body is larger than ${limits.tokenRequestBytes} bytes; send less`
const tooMany = `the request has more than ${limits.tokenRequestParameters} parameters; send fewer`
const brokenOff = 'the request body ended before its content-length; send all of it'

const refuse = (text: string, status?: number): Refusal =>
  new Refusal('invalid_request', 'invalid_request', text, status)

/**
 * Reads the body of a token request.
 *
 * @throws Refusal `invalid_request`: no form, too large (413), too many parameters, or a parameter sent twice
 *   (RFC 6749 §3.2; `resource` alone may be, by RFC 8707 §2)
 */
export async function readForm(req: IncomingMessage): Promise<Form> {
  if (!isForm(req.headers['content-type'])) throw refuse(notAForm)
  const body = await readBody(req)
  const text = body.toString('utf8')
  // Counted before they are parsed: a parser that stops at a limit would hide what comes after it.
  if (text.split('&', limits.tokenRequestParameters + 1).length > limits.tokenRequestParameters) throw refuse(tooMany)
  const params = parse(text)
  const twice = Object.keys(params).filter((name) => name !== 'resource' && Array.isArray(params[name]))
  if (twice.length > 0) throw refuse(sentTwice(twice))
  return { body, params }
}

function isForm(contentType: string | undefined): boolean {
  const [type = ''] = (contentType ?? '').split(';', 1)
  return type.trim().toLowerCase() === 'application/x-www-form-urlencoded'
}

/** Names what was sent twice where the name is one that may be repeated to anybody. */
function sentTwice(names: readonly string[]): string {
  const shown = names.filter((name) => /^[a-z_]{1,40}$/.test(name))
  const what = shown.length === 0 ? 'a parameter was' : `${shown.join(', ')} ${shown.length === 1 ? 'was' : 'were'}`
  return `${what} sent more than once; send each parameter once`
}

function readBody(req: IncomingMessage): Promise<Buffer> {
  const declared = Number(req.headers['content-length'] ?? 0)
  if (declared > limits.tokenRequestBytes) return Promise.reject(refuse(tooLarge, 413))
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    req.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > limits.tokenRequestBytes) {
        req.removeAllListeners('data')
        reject(refuse(tooLarge, 413))
        return
      }
      chunks.push(chunk)
    })
    req.on('end', () => resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)))
    req.on('error', () => reject(refuse(brokenOff)))
  })
}
