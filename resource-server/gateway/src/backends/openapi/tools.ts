import type { Json, JsonObject } from '../json-rpc.ts'
import type { BackendLimits } from '../types.ts'
import { answerSchema } from './answer-schema.ts'
import { bodyFields } from './body-fields.ts'
import { cleanName, freeName, toolNames } from './names.ts'
import type { Operation } from './operations.ts'
import type { Parameter } from './parameters.ts'
import { type Budget, createSchemaWriter, type SchemaWriter } from './schemas.ts'

/** What an argument of a tool becomes. */
export type Binding =
  | { readonly to: 'parameter'; readonly parameter: Parameter; readonly required: boolean }
  /** The whole body. */
  | { readonly to: 'body'; readonly required: boolean }
  /** One member of the body's object. `required`: when there is a body at all. */
  | { readonly to: 'field'; readonly name: string; readonly required: boolean }

export interface Tool {
  readonly name: string
  readonly operation: Operation
  /** By the name of the argument. */
  readonly bindings: ReadonlyMap<string, Binding>
  /** As tools/list shows it. */
  readonly definition: JsonObject
  /** What is promised of the answer; undefined: nothing. */
  readonly answer: JsonObject | undefined
}

/**
 * Makes a tool of each operation.
 * @throws BackendError for a schema that cannot be read
 */
export function makeTools(document: JsonObject, operations: readonly Operation[], limits: BackendLimits): Tool[] {
  const names = toolNames(operations)
  let left: number = limits.openapiSchemas
  return operations.map((operation, index) => {
    const share = Math.max(Math.min(left, limits.openapiToolSchemas), limits.openapiToolSchemasLeast)
    const budget: Budget = { left: share }
    const tool = makeTool(document, operation, names[index] ?? '', createSchemaWriter(document, budget), limits)
    left -= share - Math.max(0, budget.left)
    return tool
  })
}

function makeTool(
  document: JsonObject,
  operation: Operation,
  name: string,
  writer: SchemaWriter,
  limits: BackendLimits,
): Tool {
  const bindings = new Map<string, Binding>()
  const properties: [string, JsonObject][] = []
  const add = (wanted: string, binding: Binding, schema: JsonObject): void => {
    const free = freeName(cleanName(wanted, 'value'), (one) => bindings.has(one))
    bindings.set(free, binding)
    properties.push([free, schema])
  }
  for (const parameter of operation.parameters) {
    const { name: wire, required, in: place } = parameter
    const isTwin = operation.parameters.some((other) => other.name === wire && before(other, parameter))
    add(
      isTwin ? `${wire}_${place}` : wire,
      { to: 'parameter', parameter, required },
      parameterSchema(writer, parameter),
    )
  }
  addBody(document, operation, writer, add)
  const required = [...bindings].filter(([, one]) => isNeeded(one, operation)).map(([argument]) => argument)
  const answer = answerSchema(operation.answer)
  return { name, operation, bindings, answer, definition: { ...defined(), inputSchema: inputSchema() } }

  function defined(): JsonObject {
    return {
      name,
      ...(operation.summary === '' ? {} : { title: cut(operation.summary, limits.quotedLength) }),
      description: cut(describe(operation), limits.openapiDescription),
      annotations: annotations[operation.method],
      ...(answer === undefined ? {} : { outputSchema: answer }),
    }
  }

  function inputSchema(): JsonObject {
    const defs = writer.defs()
    return {
      type: 'object',
      properties: Object.fromEntries(properties),
      ...(required.length === 0 ? {} : { required }),
      additionalProperties: false,
      ...(defs === undefined ? {} : { $defs: defs }),
    }
  }
}

function addBody(
  document: JsonObject,
  { body, parameters }: Operation,
  writer: SchemaWriter,
  add: (wanted: string, binding: Binding, schema: JsonObject) => void,
): void {
  if (body === undefined) return
  const fields = bodyFields(document, body)
  const collides = fields?.some(({ name }) => parameters.some((parameter) => sameName(parameter.name, name))) ?? true
  if (fields === undefined || collides) {
    add(
      'body',
      { to: 'body', required: body.required },
      described(writer.write(body.schema, body.pointer), body.description),
    )
    return
  }
  for (const { name, required, schema, pointer } of fields) {
    add(name, { to: 'field', name, required }, writer.write(schema, pointer))
  }
}

const order = ['path', 'query', 'header', 'cookie'] as const

/** Of parameters with the same name the one in the path keeps it, and so on. */
function before(a: Parameter, b: Parameter): boolean {
  return order.indexOf(a.in) < order.indexOf(b.in)
}

function sameName(a: string, b: string): boolean {
  return cleanName(a, '') === cleanName(b, '')
}

/** Whether a call without it makes no sense. Fields of a body that may be left out are needed only along with others. */
function isNeeded(binding: Binding, { body }: Operation): boolean {
  return binding.required && (binding.to !== 'field' || body?.required === true)
}

function parameterSchema(writer: SchemaWriter, { schema, pointer, description }: Parameter): JsonObject {
  return described(writer.write(schema, pointer), description)
}

function described(schema: JsonObject, description: string): JsonObject {
  return description === '' ? schema : { ...schema, description }
}

function describe({ method, path, summary, description, deprecated }: Operation): string {
  const said = [...new Set([summary, description])].filter((text) => text !== '').join('\n\n')
  const text = said === '' ? `${method} ${path}` : said
  return deprecated ? `Deprecated. ${text}` : text
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1).toWellFormed()}…`
}

const annotations: Record<Operation['method'], { readonly [name: string]: Json }> = {
  GET: { readOnlyHint: true, openWorldHint: true },
  PUT: { readOnlyHint: false, idempotentHint: true, openWorldHint: true },
  POST: { readOnlyHint: false, idempotentHint: false, openWorldHint: true },
  DELETE: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: true },
  PATCH: { readOnlyHint: false, idempotentHint: false, openWorldHint: true },
}
