import { isJsonObject, type Json, type JsonObject } from '../json-rpc.ts'
import { below } from './fault.ts'
import { follow } from './refs.ts'

const methods = ['get', 'put', 'post', 'delete', 'patch'] as const

/**
 * What a document of Swagger 2.0 says, as OpenAPI 3.0 says it. `definitions` stay where they are, so that what refers to
 * them still does.
 * @throws BackendError
 */
export function fromSwagger(document: JsonObject): JsonObject {
  const { definitions = {}, info = {} } = document
  return { openapi: '3.0.3', info, definitions, servers: serversOf(document), paths: pathsOf(document) }
}

function serversOf({ host, basePath, schemes }: JsonObject): Json {
  const path = typeof basePath === 'string' && basePath !== '/' ? basePath : ''
  if (typeof host !== 'string') return path === '' ? [] : [{ url: path }]
  const scheme = Array.isArray(schemes) && !schemes.includes('https') && schemes.includes('http') ? 'http' : 'https'
  return [{ url: `${scheme}://${host}${path}` }]
}

function pathsOf(document: JsonObject): JsonObject {
  const { paths = {} } = document
  if (!isJsonObject(paths)) return {}
  return mapMembers(paths, (item, path) => {
    const { value, pointer } = follow(document, item, below('/paths', path))
    const shared = listOf(value['parameters'])
    const operations = methods.flatMap((method) => {
      const operation = value[method]
      return isJsonObject(operation)
        ? [[method, operationOf(document, operation, shared, below(pointer, method))] as const]
        : []
    })
    return Object.fromEntries(operations)
  })
}

function operationOf(
  document: JsonObject,
  operation: JsonObject,
  shared: readonly Json[],
  pointer: string,
): JsonObject {
  const { parameters: own, responses, consumes = document['consumes'], ...rest } = operation
  const given = [
    ...shared.map((one) => ({ one, at: pointer })),
    ...listOf(own).map((one, index) => ({ one, at: below(below(pointer, 'parameters'), index) })),
  ].map(({ one, at }) => follow(document, one, at).value)
  // Of two with the same name and place the operation's own, which comes later, counts.
  const all = [...new Map(given.map((one) => [`${String(one['in'])} ${String(one['name'])}`, one])).values()]
  const body = bodyOf(all, consumes)
  const parameters = all.filter(({ in: place }) => place !== 'body' && place !== 'formData').map(parameterOf)
  const answers = isJsonObject(responses) ? { responses: mapMembers(responses, (one) => answerOf(document, one)) } : {}
  return { ...rest, parameters, ...answers, ...(body === undefined ? {} : { requestBody: body }) }
}

const parameterMembers: readonly string[] = ['name', 'in', 'required', 'description', 'collectionFormat']

function parameterOf(parameter: JsonObject): JsonObject {
  const { name = '', in: place = '', required = false, description = '', collectionFormat } = parameter
  return { name, in: place, required, description, schema: schemaOf(parameter), ...styleOf(collectionFormat, place) }
}

/** A parameter of Swagger 2.0 is a schema with a few members more. */
function schemaOf(parameter: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(parameter).filter(([name]) => !parameterMembers.includes(name)))
}

function styleOf(format: Json | undefined, place: Json): JsonObject {
  if (place !== 'query') return {}
  if (format === 'multi') return { style: 'form', explode: true }
  if (format === 'ssv') return { style: 'spaceDelimited', explode: false }
  if (format === 'pipes') return { style: 'pipeDelimited', explode: false }
  return { style: 'form', explode: false }
}

function bodyOf(parameters: readonly JsonObject[], consumes: Json | undefined): JsonObject | undefined {
  const body = parameters.find(({ in: place }) => place === 'body')
  if (body !== undefined) {
    const { schema = {}, required = false, description = '' } = body
    return { required, description, content: { 'application/json': { schema } } }
  }
  const fields = parameters.filter(({ in: place }) => place === 'formData')
  if (fields.length === 0) return undefined
  const required = fields.flatMap(({ name, required: needed }) => (needed === true ? [String(name)] : []))
  const properties = Object.fromEntries(fields.map((field) => [String(field['name']), fieldOf(field)]))
  const isFile = fields.some(({ type }) => type === 'file')
  const multipart = isFile || (listOf(consumes).length > 0 && !listOf(consumes).includes(form))
  const schema = { type: 'object', properties, required }
  return { required: required.length > 0, content: { [multipart ? 'multipart/form-data' : form]: { schema } } }
}

const form = 'application/x-www-form-urlencoded'

function fieldOf(field: JsonObject): JsonObject {
  const { description } = field
  return { ...schemaOf(field), ...(description === undefined ? {} : { description }) }
}

function answerOf(document: JsonObject, answer: Json): Json {
  if (!isJsonObject(answer)) return {}
  const { schema, ...rest } = follow(document, answer, '/responses').value
  return schema === undefined ? rest : { ...rest, content: { 'application/json': { schema } } }
}

function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : []
}

function mapMembers(object: JsonObject, change: (value: Json, name: string) => Json): JsonObject {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, change(value ?? null, name)]))
}
