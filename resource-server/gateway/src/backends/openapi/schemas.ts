import { isJsonObject, type Json, type JsonObject } from '../json-rpc.ts'
import { below, documentFault } from './fault.ts'
import { lookUp } from './refs.ts'

/** How many values the schemas of tools may still hold; what is beyond is named in words. */
export interface Budget {
  left: number
}

/** Turns the schemas of one tool into JSON Schema. What is referred to comes under `$defs`, circles included. */
export interface SchemaWriter {
  write(schema: unknown, pointer: string): JsonObject
  /** What has been referred to so far; undefined when nothing was. */
  defs(): JsonObject | undefined
}

/** Makes a writer for one tool. */
export function createSchemaWriter(document: JsonObject, budget: Budget): SchemaWriter {
  const names = new Map<string, string>()
  const waiting: { readonly name: string; readonly value: unknown; readonly pointer: string }[] = []

  const refer = (ref: string, pointer: string): JsonObject => {
    const target = lookUp(document, ref, below(pointer, '$ref'))
    const known = names.get(target.pointer)
    if (known !== undefined) return { $ref: `#/$defs/${known}` }
    const label = labelOf(target.pointer)
    if (budget.left <= 0) return { description: `A ${label}, whose schema is too large to be shown` }
    const name = freeName(label, names)
    names.set(target.pointer, name)
    waiting.push({ name, ...target })
    return { $ref: `#/$defs/${name}` }
  }

  const write = (schema: unknown, pointer: string): JsonObject => {
    if (budget.left <= 0) return { description: 'Too large to be shown' }
    budget.left -= 1
    if (schema === true) return {}
    if (schema === false) return { not: {} }
    if (!isJsonObject(schema)) throw documentFault(pointer, 'a schema is expected here; give an object')
    const { $ref: ref } = schema
    const said = Object.entries(schema).flatMap(([name, value]) => {
      const written = writeKeyword(name, value, below(pointer, name))
      return written === undefined ? [] : [[name, written] as const]
    })
    const own = fromOpenapi30(Object.fromEntries(said), schema)
    return typeof ref === 'string' ? { ...own, ...refer(ref, pointer) } : own
  }

  const writeKeyword = (name: string, value: Json | undefined, pointer: string): Json | undefined => {
    if (value === undefined) return undefined
    if (oneSchema.has(name)) return typeof value === 'boolean' ? value : write(value, pointer)
    if (schemaList.has(name)) return writeList(value, pointer)
    if (schemaMap.has(name)) return writeMap(value, pointer)
    if (Array.isArray(value)) budget.left -= value.length
    return asItIs.has(name) ? value : undefined
  }

  const writeList = (value: Json, pointer: string): Json => {
    if (!Array.isArray(value)) throw documentFault(pointer, 'a list of schemas is expected here')
    return value.map((one: Json, index) => write(one, below(pointer, index)))
  }

  const writeMap = (value: Json, pointer: string): Json => {
    if (!isJsonObject(value)) throw documentFault(pointer, 'an object of schemas is expected here')
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, write(one, below(pointer, name))]))
  }

  return {
    write,
    defs() {
      const written: [string, JsonObject][] = []
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        written.push([next.name, write(next.value, next.pointer)])
      }
      return written.length === 0 ? undefined : Object.fromEntries(written)
    },
  }
}

const oneSchema = new Set(['items', 'additionalProperties', 'not', 'if', 'then', 'else', 'contains', 'propertyNames'])
const schemaList = new Set(['allOf', 'anyOf', 'oneOf', 'prefixItems'])
const schemaMap = new Set(['properties', 'patternProperties', 'dependentSchemas'])
const asItIs = new Set([
  ...['type', 'enum', 'const', 'default', 'title', 'description', 'format', 'pattern', 'required', 'deprecated'],
  ...['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf', 'minLength', 'maxLength'],
  ...['minItems', 'maxItems', 'uniqueItems', 'minContains', 'maxContains', 'minProperties', 'maxProperties'],
  ...['contentEncoding', 'contentMediaType', 'dependentRequired'],
])

/** OpenAPI 3.0 says some things in ways of its own. */
function fromOpenapi30(written: JsonObject, source: JsonObject): JsonObject {
  const { exclusiveMinimum: low, exclusiveMaximum: high, minimum, maximum, ...rest } = written
  const numbers = {
    ...boundOf('minimum', 'exclusiveMinimum', minimum, low),
    ...boundOf('maximum', 'exclusiveMaximum', maximum, high),
  }
  const { type, enum: choices } = rest
  const nullable = source['nullable'] === true && typeof type === 'string' ? { type: [type, 'null'] } : {}
  const withNull =
    'type' in nullable && Array.isArray(choices) && !choices.includes(null) ? { enum: [...choices, null] } : {}
  return { ...rest, ...numbers, ...nullable, ...withNull }
}

function boundOf(name: string, exclusive: string, value: Json | undefined, strict: Json | undefined): JsonObject {
  if (typeof strict === 'boolean') return value === undefined ? {} : { [strict ? exclusive : name]: value }
  return { ...(value === undefined ? {} : { [name]: value }), ...(strict === undefined ? {} : { [exclusive]: strict }) }
}

function labelOf(pointer: string): string {
  const last = pointer.slice(pointer.lastIndexOf('/') + 1)
  return last.replace(/[^A-Za-z0-9_.-]+/g, '_').slice(0, 64) || 'Document'
}

function freeName(label: string, names: ReadonlyMap<string, string>): string {
  const taken = new Set(names.values())
  if (!taken.has(label)) return label
  for (let number = 2; ; number++) {
    const name = `${label}_${number}`
    if (!taken.has(name)) return name
  }
}
