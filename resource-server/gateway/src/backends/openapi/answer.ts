import { isNestedDeeper } from '@postern/core'
import type { Json, JsonObject } from '../json-rpc.ts'
import { isJsonObject } from '../json-rpc.ts'
import { readBytes } from '../read-bytes.ts'
import { redact } from '../text.ts'
import type { BackendLimits } from '../types.ts'
import { isAsPromised } from './answer-schema.ts'

export interface AnswerOptions {
  readonly limits: BackendLimits
  /** What the tool promises of its answers. */
  readonly promised: JsonObject | undefined
  /** The gateway's own credentials: an API that says them back does not say them to the caller. */
  readonly secrets: readonly string[]
}

/**
 * What the tool answers for what the API answered.
 * @throws when the body cannot be read to its end
 */
export async function toResult(response: Response, options: AnswerOptions): Promise<JsonObject> {
  const { limits, secrets } = options
  const most = response.ok ? limits.openapiAnswerBytes : limits.openapiErrorBytes
  const { bytes, isCut } = await readBytes(response, most)
  const read = textOf(bytes, response.headers.get('content-type'))
  const text = read === undefined ? undefined : redact(read, secrets)
  if (response.ok) return isCut ? mistake(tooLong(limits)) : success(response, bytes, text, options)
  return mistake(failure(response, text, isCut))
}

function success(response: Response, bytes: Uint8Array, text: string | undefined, options: AnswerOptions): JsonObject {
  if (bytes.byteLength === 0) {
    const said = textBlock(`The API answered ${statusOf(response)} without a body.`)
    return options.promised === undefined ? said : { ...said, structuredContent: {} }
  }
  if (text === undefined) {
    const type = response.headers.get('content-type') ?? 'something unnamed'
    return mistake(`The API answered with ${type.slice(0, 100)} (${bytes.byteLength} bytes), which is no text.`)
  }
  const value = isJson(response) || options.promised !== undefined ? parsed(text, options.limits) : undefined
  if (options.promised !== undefined && (value === undefined || !isAsPromised(options.promised, value))) {
    return mistake(`The API's answer is not what its document says: ${text}`)
  }
  return value === undefined ? textBlock(text) : { ...textBlock(text), structuredContent: structured(value) }
}

/** What an MCP result carries is an object. */
function structured(value: Json): JsonObject {
  return isJsonObject(value) ? value : { result: value }
}

function failure(response: Response, text: string | undefined, isCut: boolean): string {
  const { status } = response
  if (status >= 300 && status < 400) {
    return `The API answered ${statusOf(response)}: a redirect, which is not followed.`
  }
  const words = text === undefined || text.trim() === '' ? '' : `: ${text.trim()}${isCut ? '…' : ''}`
  return `The API answered ${statusOf(response)}${words}`
}

function statusOf({ status, statusText }: Response): string {
  return statusText === '' ? `HTTP ${status}` : `HTTP ${status} ${statusText.slice(0, 100)}`
}

function tooLong({ openapiAnswerBytes }: BackendLimits): string {
  return `The API's answer is longer than ${openapiAnswerBytes} bytes; ask for less, such as a smaller page.`
}

function isJson({ headers }: Response): boolean {
  return /^application\/([^;]+\+)?json\s*(;|$)/i.test(headers.get('content-type') ?? '')
}

/** Undefined for what is nested too deeply as well: nobody could write it out again. */
function parsed(text: string, { messageDepth }: BackendLimits): Json | undefined {
  try {
    const value = JSON.parse(text) as Json
    return isNestedDeeper(value, messageDepth) ? undefined : value
  } catch {
    return undefined
  }
}

const textTypes =
  /^(text\/|application\/([^;]+\+)?(json|xml|yaml)|application\/(x-ndjson|javascript|x-yaml|x-www-form-urlencoded))/i

/** The body as text; undefined when it is none. */
function textOf(bytes: Uint8Array, type: string | null): string | undefined {
  if (type !== null && textTypes.test(type)) return decode(bytes, charsetOf(type), false)
  // A body that nobody has named may be text all the same.
  return type === null || type.startsWith('application/octet-stream') ? decode(bytes, 'utf-8', true) : undefined
}

function charsetOf(type: string): string {
  return /;\s*charset="?([A-Za-z0-9._-]+)/i.exec(type)?.[1] ?? 'utf-8'
}

function decode(bytes: Uint8Array, charset: string, fatal: boolean): string | undefined {
  try {
    return new TextDecoder(charset, { fatal }).decode(bytes)
  } catch {
    return fatal ? undefined : new TextDecoder().decode(bytes)
  }
}

function textBlock(text: string): JsonObject {
  return { content: [{ type: 'text', text }] }
}

/** The answer to a call that came to nothing: it is the model that reads it. */
export function mistake(message: string): JsonObject {
  return { ...textBlock(message), isError: true }
}
