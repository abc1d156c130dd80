import { isJsonObject, type Json, type JsonObject } from '../json-rpc.ts'
import { below, documentFault } from './fault.ts'
import { follow } from './refs.ts'

export type BodyKind = 'json' | 'form' | 'text'

/** What a request carries, in the one of its media types that can be written best. */
export interface Body {
  readonly kind: BodyKind
  readonly mediaType: string
  readonly required: boolean
  readonly description: string
  readonly schema: JsonObject
  /** How fields of a form are written, where the document says so. */
  readonly encoding: JsonObject
  /** Where the schema stands. */
  readonly pointer: string
}

/**
 * Reads a `requestBody`.
 * @returns why it cannot be written, as a text, when all of its media types are of another kind
 * @throws BackendError when it makes no sense
 */
export function readBody(document: JsonObject, given: unknown, at: string): Body | string | undefined {
  if (given === undefined) return undefined
  const { value, pointer } = follow(document, given, at)
  const contentAt = below(pointer, 'content')
  const { content } = value
  if (!isJsonObject(content)) throw documentFault(contentAt, 'a body has content; write {"application/json": {…}}')
  const best = bestOf(content)
  if (best === undefined) {
    return `its body is ${Object.keys(content).join(' or ')}; JSON, form-urlencoded and text alone can be written`
  }
  const { schema, encoding } = best.media
  const description = value['description']
  return {
    kind: best.kind,
    mediaType: best.mediaType,
    required: value['required'] === true,
    description: typeof description === 'string' ? description.trim() : '',
    schema: isJsonObject(schema) ? schema : best.kind === 'text' ? { type: 'string' } : {},
    encoding: objectOf(encoding),
    pointer: below(below(contentAt, best.mediaType), 'schema'),
  }
}

const order: readonly BodyKind[] = ['json', 'form', 'text']

function bestOf(content: JsonObject) {
  const known = Object.entries(content).flatMap(([mediaType, media]) => {
    const kind = kindOf(mediaType)
    return kind === undefined ? [] : [{ kind, mediaType: plain(mediaType), media: objectOf(media) }]
  })
  return known.sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind))[0]
}

function kindOf(mediaType: string): BodyKind | undefined {
  const [type = ''] = mediaType.toLowerCase().split(';')
  if (/^application\/([a-z0-9.!#$&^_-]+\+)?json$/.test(type) || type === '*/*') return 'json'
  if (type === 'application/x-www-form-urlencoded') return 'form'
  return /^text\/[a-z0-9.+-]+$/.test(type) ? 'text' : undefined
}

function plain(mediaType: string): string {
  return mediaType === '*/*' ? 'application/json' : mediaType.replace(/[^\x20-\x7e]/g, '')
}

function objectOf(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : {}
}
