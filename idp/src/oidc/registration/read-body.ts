import type { IncomingMessage } from 'node:http'
import { limits } from '../../limits.ts'
import { Refusal } from '../refusal.ts'

const notJson = 'send the metadata as JSON: content-type application/json'
const tooLarge = `the request body is larger than ${limits.registrationBytes} bytes; send less`
const notText = 'the request body is not UTF-8; send JSON in UTF-8'
const brokenOff = 'the request body ended before its content-length; send all of it'

const refuse = (text: string, status = 400): Refusal =>
  new Refusal('invalid_request', 'invalid_client_metadata', text, status)

/**
 * Reads the body of a registration (RFC 7591 §3.1).
 *
 * @throws Refusal `invalid_client_metadata`: no JSON by its type, too large (413), or not UTF-8
 */
export async function readBody(req: IncomingMessage): Promise<string> {
  const [type = ''] = (req.headers['content-type'] ?? '').split(';', 1)
  // The type also keeps forms of foreign pages away: they cannot send it without asking first (CORS).
  if (type.trim().toLowerCase() !== 'application/json') throw refuse(notJson)
  if (Number(req.headers['content-length'] ?? 0) > limits.registrationBytes) throw refuse(tooLarge, 413)
  const body = await readBytes(req)
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body)
  } catch {
    throw refuse(notText)
  }
}

function readBytes(req: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    req.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size <= limits.registrationBytes) return void chunks.push(chunk)
      req.removeAllListeners('data')
      reject(refuse(tooLarge, 413))
    })
    req.on('end', () => resolve(Buffer.concat(chunks)))
    req.on('error', () => reject(refuse(brokenOff)))
  })
}
