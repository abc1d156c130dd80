import type { IncomingMessage } from 'node:http'
import { JsonProblem, parseJson } from '@postern/core'
import { limits } from '../limits.ts'
import { jsonPosition } from './json-position.ts'
import { problem } from './problem.ts'

/**
 * The JSON of a request; `{}` when it has no body.
 *
 * @throws HttpProblem 415 when it is no JSON by its media type, 413 when it is too large, 400 when it cannot be parsed
 */
export async function readJson(req: IncomingMessage): Promise<unknown> {
  const length = Number(req.headers['content-length'] ?? 0)
  if (length === 0 && req.headers['transfer-encoding'] === undefined) return {}
  requireJson(req)
  if (length > limits.bodyBytes) tooLarge()
  const bytes = await readBytes(req)
  return bytes.length === 0 ? {} : parseBody(bytes)
}

/** @throws HttpProblem 400 when it is not strict JSON in UTF-8 */
export function parseBody(bytes: Buffer): unknown {
  return parse(decode(bytes))
}

function requireJson(req: IncomingMessage): void {
  const [type = '', ...parameters] = (req.headers['content-type'] ?? '').toLowerCase().split(';')
  if (!/^application\/([a-z0-9.-]+\+)?json$/.test(type.trim())) {
    problem(415, 'unsupported_media_type', 'send the body as JSON, with Content-Type: application/json')
  }
  const charset = parameters.map((one) => one.trim()).find((one) => one.startsWith('charset='))
  if (charset !== undefined && !/^charset="?utf-8"?$/.test(charset)) {
    problem(415, 'unsupported_media_type', 'send the body in UTF-8')
  }
  if ((req.headers['content-encoding'] ?? 'identity') !== 'identity') {
    problem(415, 'unsupported_media_type', 'send the body without Content-Encoding')
  }
}

/** @throws HttpProblem 413 when it is too large, 400 when it ended early */
export async function readBytes(req: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  // Not `for await`: leaving that loop early would destroy the socket before the refusal is sent.
  await new Promise<void>((resolve) => {
    req.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size <= limits.bodyBytes) chunks.push(chunk)
      else {
        req.pause()
        resolve()
      }
    })
    req.on('end', resolve)
    // A caller that goes away is no failure of ours: the body is then incomplete.
    req.on('error', () => resolve())
    req.on('close', resolve)
  })
  if (size > limits.bodyBytes) tooLarge()
  if (!req.complete) problem(400, 'invalid_request', 'the body ended early')
  return Buffer.concat(chunks)
}

function tooLarge(): never {
  const detail = `the body is larger than ${limits.bodyBytes} bytes; send less`
  return problem(413, 'payload_too_large', detail, [], { connection: 'close' })
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return problem(400, 'malformed_json', 'the body is not in UTF-8')
  }
}

function parse(text: string): unknown {
  try {
    return parseJson(text, { maxDepth: limits.jsonDepth, maxBytes: limits.bodyBytes })
  } catch (error) {
    if (!(error instanceof JsonProblem)) throw error
    const where = error.code === 'syntax' ? ` (${jsonPosition(text)})` : ''
    return problem(400, 'malformed_json', `the body cannot be read: ${error.message}${where}`)
  }
}
