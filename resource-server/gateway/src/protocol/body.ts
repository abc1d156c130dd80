import type { IncomingMessage } from 'node:http'
import { isNestedDeeper } from '@postern/core'
import { rpcCodes } from '../backends/json-rpc.ts'
import type { ProtocolLimits } from '../limits.ts'
import { Refusal, refusals } from './replies.ts'

/**
 * Reads a request's body as JSON, which is nested no deeper than whatever looks at it can bear.
 * @throws Refusal 413, 415 or 400
 */
export async function readJsonBody(
  req: IncomingMessage,
  { bodyBytes: maxBytes, bodyDepth: maxDepth }: Pick<ProtocolLimits, 'bodyBytes' | 'bodyDepth'>,
): Promise<unknown> {
  const { headers } = req
  if (!isJson(headers['content-type']) || (headers['content-encoding'] ?? 'identity') !== 'identity') {
    throw new Refusal(refusals.contentType)
  }
  if (Number(headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes)
  const text = await readText(req, maxBytes)
  const body = parse(text)
  if (isNestedDeeper(body, maxDepth)) throw tooDeep(maxDepth)
  return body
}

function parse(text: string): unknown {
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

function tooDeep(maxDepth: number): Refusal {
  const message = `Invalid request: the body is nested deeper than ${maxDepth} levels; send what is deeper as a text`
  return new Refusal({ status: 400, code: rpcCodes.invalidRequest, message })
}
