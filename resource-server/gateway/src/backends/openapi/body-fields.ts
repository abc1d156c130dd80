import { isJsonObject, type Json, type JsonObject } from '../json-rpc.ts'
import type { Body } from './bodies.ts'
import { below } from './fault.ts'
import { follow } from './refs.ts'

/** A member of a body that is an object. */
export interface BodyField {
  readonly name: string
  readonly required: boolean
  readonly schema: Json
  /** Where its schema stands. */
  readonly pointer: string
}

/**
 * The members of a body, when it is an object that is wholly described by them: then each can be an argument of its own.
 * Members that only answers have (`readOnly`) are not among them.
 */
export function bodyFields(document: JsonObject, body: Body): BodyField[] | undefined {
  if (body.kind === 'text') return undefined
  const fields = fieldsOf(document, body.schema, body.pointer, 0)
  return fields === undefined || fields.length === 0 ? undefined : fields
}

// `allOf` in `allOf` deeper than this, or in a circle, is left to be one argument.
const deepest = 8

function fieldsOf(document: JsonObject, given: unknown, at: string, depth: number): BodyField[] | undefined {
  const { value: schema, pointer } = follow(document, given, at)
  if (depth > deepest || !isClosed(schema)) return undefined
  const { properties = {}, required = [], allOf = [] } = schema
  if (!isJsonObject(properties) || !Array.isArray(required) || !Array.isArray(allOf)) return undefined
  const parts = allOf.map((one: Json, index) =>
    fieldsOf(document, one, below(below(pointer, 'allOf'), index), depth + 1),
  )
  const inherited = parts.flatMap((part) => part ?? [])
  if (parts.includes(undefined)) return undefined
  const own = Object.entries(properties)
    .filter(([, one]) => !(isJsonObject(one) && one['readOnly'] === true))
    .map(([name, one]) => ({
      name,
      required: false,
      schema: one ?? {},
      pointer: below(below(pointer, 'properties'), name),
    }))
  const all = [...new Map([...inherited, ...own].map((field) => [field.name, field])).values()]
  return all.map((field) => ({
    ...field,
    required: isRequired(field.name, inherited) || required.includes(field.name),
  }))
}

function isRequired(name: string, inherited: readonly BodyField[]): boolean {
  return inherited.some((field) => field.name === name && field.required)
}

const opens = ['oneOf', 'anyOf', 'not', 'if', 'patternProperties', 'dependentSchemas', 'propertyNames', 'minProperties']

function isClosed(schema: JsonObject): boolean {
  const { type = 'object', additionalProperties: more = false, nullable } = schema
  return type === 'object' && more === false && nullable !== true && opens.every((name) => schema[name] === undefined)
}
