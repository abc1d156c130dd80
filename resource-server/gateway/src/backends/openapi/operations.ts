import { isJsonObject, type Json, type JsonObject } from '../json-rpc.ts'
import { printable } from '../text.ts'
import type { BackendLimits } from '../types.ts'
import { type Body, readBody } from './bodies.ts'
import { below, documentFault } from './fault.ts'
import { type Parameter, readParameter } from './parameters.ts'
import { follow, type Located } from './refs.ts'

/** Something that the API does: a path and a method, with all references at its surface followed. */
export interface Operation {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE' | 'PATCH'
  /** The template: `/pets/{id}`. */
  readonly path: string
  readonly pointer: string
  readonly operationId: string | undefined
  readonly summary: string
  readonly description: string
  readonly deprecated: boolean
  readonly parameters: readonly Parameter[]
  readonly body: Body | undefined
  /** The schema of the one JSON answer that means success. */
  readonly answer: JsonObject | undefined
}

export interface Operations {
  readonly operations: readonly Operation[]
  /** What cannot be called, and why: `POST /files: …`. */
  readonly leftOut: readonly string[]
}

export interface OperationOptions {
  readonly limits: BackendLimits
  /** Names (in lower case) of headers that the gateway sets: nobody else does. */
  readonly fixedHeaders: ReadonlySet<string>
  /** Where the document says of an operation that it is served elsewhere, this decides. */
  readonly hasBaseUrl: boolean
}

const methods = ['get', 'put', 'post', 'delete', 'patch'] as const

/**
 * All that the document lets one call.
 * @throws BackendError for what cannot be read; an operation that is well but cannot be called is left out
 */
export function readOperations(document: JsonObject, options: OperationOptions): Operations {
  const operations: Operation[] = []
  const leftOut: string[] = []
  const { paths = {} } = document
  if (!isJsonObject(paths)) throw documentFault('/paths', 'it is no object; write {"/path": {"get": {…}}}')
  for (const [path, item] of Object.entries(paths)) {
    if (path.startsWith('x-')) continue
    const at = below('/paths', path)
    checkPath(path, at)
    const { value, pointer } = follow(document, item, at)
    for (const method of methods) {
      if (value[method] === undefined) continue
      const read = readOperation(document, { path, method, item: value, pointer }, options)
      if (typeof read === 'string') leftOut.push(`${method.toUpperCase()} ${path}: ${read}`)
      else operations.push(read)
    }
  }
  checkCount(operations.length, leftOut, options.limits)
  return { operations, leftOut }
}

function checkPath(path: string, pointer: string): void {
  if (!/^\/[^?#\s\p{Cc}\\]*$/u.test(path)) {
    throw documentFault(pointer, 'a path begins with "/" and holds no "?", "#", "\\" or space; write it so')
  }
}

function checkCount(count: number, leftOut: readonly string[], { openapiTools, quotedLength }: BackendLimits): void {
  if (count > openapiTools) {
    const message = `it has ${count} operations, and ${openapiTools} can be tools; leave out the paths that nobody needs`
    throw documentFault('/paths', message)
  }
  if (count > 0) return
  const why = leftOut[0] === undefined ? 'add paths' : printable(leftOut[0], quotedLength)
  throw documentFault('/paths', `there is no operation that can be called: ${why}`)
}

interface Place {
  readonly path: string
  readonly method: (typeof methods)[number]
  readonly item: JsonObject
  readonly pointer: string
}

/** The operation, or why it cannot be called. */
function readOperation(document: JsonObject, place: Place, options: OperationOptions): Operation | string {
  const { path, method, item, pointer: itemPointer } = place
  const { value, pointer } = follow(document, item[method], below(itemPointer, method))
  if (!options.hasBaseUrl && (item['servers'] !== undefined || value['servers'] !== undefined)) {
    return 'it has a server of its own; give the backend a baseUrl to use for all'
  }
  const given = [...parametersOf(item, itemPointer), ...parametersOf(value, pointer)]
  const read = given.map((one) => readParameter(document, one, options.fixedHeaders))
  const parameters = [...new Map(read.map((one) => [`${one.in} ${one.name}`, one])).values()]
  const problem = parameters.flatMap(({ problem: said }) => said ?? [])[0] ?? templateProblem(path, parameters)
  if (problem !== undefined) return problem
  const body = method === 'get' ? undefined : readBody(document, value['requestBody'], below(pointer, 'requestBody'))
  if (typeof body === 'string') return body
  return {
    method: method.toUpperCase() as Operation['method'],
    path,
    pointer,
    operationId: textOf(value['operationId']) || undefined,
    summary: textOf(value['summary']) || textOf(item['summary']),
    description: textOf(value['description']) || textOf(item['description']),
    deprecated: value['deprecated'] === true,
    parameters: parameters.filter(({ ignored }) => !ignored),
    body,
    answer: answerOf(document, value['responses'], below(pointer, 'responses')),
  }
}

function parametersOf({ parameters = [] }: JsonObject, pointer: string): { value: unknown; pointer: string }[] {
  const at = below(pointer, 'parameters')
  if (!Array.isArray(parameters)) throw documentFault(at, 'it is no list; write [{"name": …, "in": …}]')
  return parameters.map((value: Json, index) => ({ value, pointer: below(at, index) }))
}

/** Each name in braces is a parameter, or there would be no telling what to put there. */
function templateProblem(path: string, parameters: readonly Parameter[]): string | undefined {
  const known = new Set(parameters.filter((one) => one.in === 'path').map(({ name }) => name))
  const unknown = [...path.matchAll(/\{([^{}]*)\}/g)].find(([, name = '']) => !known.has(name))
  if (unknown !== undefined) return `its path has ${unknown[0]}, which is none of its parameters; add it to them`
  return /[{}]/.test(path.replace(/\{[^{}]*\}/g, '')) ? 'its path has a brace without its other half' : undefined
}

function answerOf(document: JsonObject, responses: unknown, pointer: string): JsonObject | undefined {
  if (!isJsonObject(responses)) return undefined
  const good = Object.keys(responses).filter((status) => /^2/.test(status))
  const [status] = good
  if (status === undefined || good.length > 1) return undefined
  const { value } = follow(document, responses[status], below(pointer, status))
  const { content } = value
  const json = isJsonObject(content) ? content['application/json'] : undefined
  const schema = isJsonObject(json) ? json['schema'] : undefined
  return isJsonObject(schema) ? schemaOf(document, schema, below(pointer, status)).value : undefined
}

function schemaOf(document: JsonObject, schema: JsonObject, pointer: string): Located {
  return follow(document, schema, pointer)
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value.trim() : ''
}
