import { isJsonObject, type Json } from '../json-rpc.ts'
import type { Parameter } from './parameters.ts'

/** An argument that cannot be sent. The message is for whoever calls the tool. */
export class ArgumentProblem extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'ArgumentProblem'
  }
}

type Encode = (text: string) => string
export type Written = Pick<Parameter, 'name' | 'style' | 'explode' | 'json'>

/** The value as one text; what is no scalar is written as JSON. */
export function plainText(value: Json | undefined): string {
  if (value === undefined || value === null) return ''
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

/** Percent-encodes all but the unreserved characters (RFC 3986 §2.3). */
export function percentEncoded(text: string): string {
  if (!text.isWellFormed()) throw new ArgumentProblem('a text is no well-formed Unicode; give another')
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
}

/** As `percentEncoded`, but leaves reserved characters alone that mean nothing in a query (`allowReserved`). */
export function reservedKept(text: string): string {
  return percentEncoded(text).replace(/%(3A|2F|3F|40|21|24|27|28|29|2A|2C|3B|5B|5D)/g, (coded) =>
    decodeURIComponent(coded),
  )
}

/** The value of a path parameter (RFC 6570 §3.2.2, 3.2.5, 3.2.7 in OpenAPI's terms), encoded. */
export function pathText(parameter: Written, value: Json, encode: Encode = percentEncoded): string {
  const { name, style, explode, json } = parameter
  if (json) return encode(JSON.stringify(value))
  if (style === 'label') return `.${listed(value, explode, encode, explode ? '.' : ',')}`
  if (style !== 'matrix') return listed(value, explode, encode, ',')
  const key = encode(name)
  if (explode && Array.isArray(value)) return value.map((item: Json) => `;${key}=${encode(plainText(item))}`).join('')
  if (explode && isJsonObject(value))
    return members(value)
      .map((pair) => `;${paired(pair, encode)}`)
      .join('')
  return `;${key}=${listed(value, explode, encode, ',')}`
}

/** The value of a header, in its one style; nothing is encoded. */
export function headerText(parameter: Written, value: Json): string {
  return pathText({ ...parameter, style: 'simple' }, value, (text) => text)
}

/** What a query parameter, a cookie or a field of a form becomes: `name=value`, any number of times, encoded. */
export function queryPairs(parameter: Written, value: Json, encode: Encode = percentEncoded): string[] {
  const { name, style, explode, json } = parameter
  const key = percentEncoded(name)
  if (json) return [`${key}=${encode(JSON.stringify(value))}`]
  if (style === 'deepObject' && isJsonObject(value)) return deepPairs(name, value, encode)
  const separator = style === 'spaceDelimited' ? '%20' : style === 'pipeDelimited' ? '%7C' : ','
  const isList = Array.isArray(value)
  if (isList && (explode || style === 'deepObject'))
    return value.map((item: Json) => `${key}=${encode(plainText(item))}`)
  if (isJsonObject(value) && explode) return members(value).map((pair) => paired(pair, encode))
  if (isList && value.length === 0) return []
  return [`${key}=${listed(value, false, encode, separator)}`]
}

function deepPairs(name: string, value: { readonly [name: string]: Json | undefined }, encode: Encode): string[] {
  return members(value).flatMap(([member, item]) => {
    const inner = `${name}[${member}]`
    if (isJsonObject(item)) return deepPairs(inner, item, encode)
    const items: readonly Json[] = Array.isArray(item) ? item : [item]
    return items.map((one) => `${percentEncoded(inner)}=${encode(plainText(one))}`)
  })
}

function listed(value: Json, explode: boolean, encode: Encode, separator: string): string {
  if (Array.isArray(value)) return value.map((item: Json) => encode(plainText(item))).join(separator)
  if (!isJsonObject(value)) return encode(plainText(value))
  const pairs = members(value)
  if (explode) return pairs.map((pair) => paired(pair, encode)).join(separator)
  return pairs.flatMap(([name, item]) => [encode(name), encode(plainText(item))]).join(separator)
}

function paired([name, value]: readonly [string, Json], encode: Encode): string {
  return `${encode(name)}=${encode(plainText(value))}`
}

function members(value: { readonly [name: string]: Json | undefined }): [string, Json][] {
  return Object.entries(value).flatMap(([name, item]) => (item === undefined ? [] : [[name, item]]))
}
