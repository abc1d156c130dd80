import { isJsonObject, type Json, type JsonObject } from '../json-rpc.ts'
import { below, documentFault } from './fault.ts'
import { follow } from './refs.ts'

const places = ['path', 'query', 'header', 'cookie'] as const
export type ParameterPlace = (typeof places)[number]

const styles = {
  path: ['simple', 'label', 'matrix'],
  query: ['form', 'spaceDelimited', 'pipeDelimited', 'deepObject'],
  header: ['simple'],
  cookie: ['form'],
} as const satisfies Record<ParameterPlace, readonly string[]>
export type ParameterStyle = (typeof styles)[ParameterPlace][number]

/** A parameter of an operation, with what the document leaves to defaults filled in. */
export interface Parameter {
  readonly name: string
  readonly in: ParameterPlace
  readonly required: boolean
  readonly style: ParameterStyle
  readonly explode: boolean
  readonly allowReserved: boolean
  /** Its value is written as JSON (`content: application/json`). */
  readonly json: boolean
  readonly description: string
  readonly schema: JsonObject
  /** Where the schema stands. */
  readonly pointer: string
  /** Not for callers: set by the gateway, or by nobody. */
  readonly ignored: boolean
  /** Why no operation with it can be called. */
  readonly problem: string | undefined
}

/** Headers that say how a message is carried, or who sends it (OpenAPI 3.1 §4.8.12 names the first three). */
const reservedHeaders: ReadonlySet<string> = new Set([
  ...['accept', 'content-type', 'authorization', 'accept-encoding', 'connection', 'content-encoding', 'content-length'],
  ...['cookie', 'expect', 'forwarded', 'host', 'keep-alive', 'origin', 'proxy-authorization', 'proxy-connection'],
  ...['te', 'trailer', 'transfer-encoding', 'upgrade', 'user-agent', 'via'],
])

function isReserved(name: string): boolean {
  return reservedHeaders.has(name) || /^(x-forwarded-|proxy-|sec-|:)/.test(name)
}

const isToken = (name: string): boolean => /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)

/**
 * Reads one entry of `parameters`.
 * @param fixedHeaders names in lower case of headers that the gateway sets
 * @throws BackendError when it makes no sense
 */
export function readParameter(
  document: JsonObject,
  given: { readonly value: unknown; readonly pointer: string },
  fixedHeaders: ReadonlySet<string>,
): Parameter {
  const { value, pointer } = follow(document, given.value, given.pointer)
  const { name, in: asked } = value
  if (typeof name !== 'string' || name === '') throw documentFault(below(pointer, 'name'), 'a parameter has a name')
  const place = places.find((known) => known === asked)
  if (place === undefined) throw documentFault(below(pointer, 'in'), `write one of ${places.join(', ')}`)
  const header = name.toLowerCase()
  const ignored = place === 'header' && (isReserved(header) || fixedHeaders.has(header))
  const content = contentOf(value, pointer)
  const style = styleOf(value['style'], place)
  return {
    name,
    in: place,
    required: place === 'path' || value['required'] === true,
    style: style ?? styles[place][0],
    explode: typeof value['explode'] === 'boolean' ? value['explode'] : (style ?? styles[place][0]) === 'form',
    allowReserved: value['allowReserved'] === true,
    json: content !== undefined,
    description: typeof value['description'] === 'string' ? value['description'].trim() : '',
    schema: content?.schema ?? (isJsonObject(value['schema']) ? value['schema'] : {}),
    pointer: content?.pointer ?? below(pointer, 'schema'),
    ignored,
    problem: ignored ? undefined : problemOf(name, place, style, content?.type),
  }
}

function problemOf(name: string, place: ParameterPlace, style: ParameterStyle | undefined, type = jsonType) {
  if (style === undefined) return `its parameter ${name} has a style that is none of ${styles[place].join(', ')}`
  if (type !== jsonType) return `its parameter ${name} is of ${type}; ${jsonType} alone can be written`
  const isName = place === 'path' || place === 'query' || isToken(name)
  return isName ? undefined : `its parameter ${name} is no name of a ${place}`
}

const jsonType = 'application/json'

function styleOf(asked: Json | undefined, place: ParameterPlace): ParameterStyle | undefined {
  const known: readonly ParameterStyle[] = styles[place]
  return asked === undefined ? known[0] : known.find((style) => style === asked)
}

interface Content {
  readonly type: string
  readonly schema: JsonObject
  readonly pointer: string
}

function contentOf({ content }: JsonObject, pointer: string): Content | undefined {
  if (!isJsonObject(content)) return undefined
  const [entry] = Object.entries(content)
  if (entry === undefined) return undefined
  const [type, media] = entry
  const schema = isJsonObject(media) ? media['schema'] : undefined
  const at = below(below(below(pointer, 'content'), type), 'schema')
  return { type, schema: isJsonObject(schema) ? schema : {}, pointer: at }
}
