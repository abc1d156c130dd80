import type { IncomingMessage } from 'node:http'
import { rpcCodes } from '../backends/json-rpc.ts'
import { Refusal, refusals } from './replies.ts'

/**
 * Reads a request's body as JSON.
 * @throws Refusal 413, 415 or 400
 */
export async function readJsonBody(req: IncomingMessage, maxBytes: number): Promise<unknown> {
  const { headers } = req
  if (!isJson(headers['content-type']) || (headers['content-encoding'] ?? 'identity') !== 'identity') {
    throw new Refusal(refusals.contentType)
  }
  if (Number(headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes)
  const text = await readText(req, maxBytes)
  try {
    return JSON.parse(text)
  } catch {
    throw new Refusal(refusals.notJson)
  }
}

function readText(req: IncomingMessage, maxBytes: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    req.on('data', (chunk: Buffer) => {
      size += chunk.length
      // What is above the bound is read and dropped, so that the client gets to read the answer.
      if (size > maxBytes) reject(tooLarge(maxBytes))
      else chunks.push(chunk)
    })
    req.once('end', () => resolve(Buffer.concat(chunks).toString('utf8')))
    req.once('error', reject)
  })
}

function isJson(contentType: string | undefined): boolean {
  if (contentType === undefined) return false
  const end = contentType.indexOf(';')
  return (end === -1 ? contentType : contentType.slice(0, end)).trim().toLowerCase() === 'application/json'
}

function tooLarge(maxBytes: number): Refusal {
  // What is still on its way would be taken for the next request.
  const headers = { connection: 'close' }
  const message = `Payload too large: a request has at most ${maxBytes} bytes`
  return new Refusal({ status: 413, code: rpcCodes.refused, message, headers })
}
