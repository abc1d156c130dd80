import type { Json, JsonObject } from '../json-rpc.ts'
import { isJsonObject } from '../json-rpc.ts'
import { printable } from '../text.ts'
import { ArgumentProblem, headerText, pathText, percentEncoded, plainText, queryPairs, reservedKept } from './encode.ts'
import { checkPathValue, checkSegments } from './path-safety.ts'
import type { Binding, Tool } from './tools.ts'

/** What is sent to the API. */
export interface ApiRequest {
  readonly url: URL
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
}

interface Given {
  readonly argument: string
  readonly binding: Binding
  readonly value: Json
}

/**
 * Makes a request of the arguments of a call. Its URL is always below `base`, whatever the arguments.
 * @throws ArgumentProblem whose message names the argument and the mend
 */
export function buildRequest(base: URL, tool: Tool, args: JsonObject): ApiRequest {
  const given = readArguments(tool, args)
  const url = urlOf(base, tool, given)
  const body = bodyOf(tool, given)
  const cookies = cookiesOf(given)
  const headers: Record<string, string> = { ...headersOf(given) }
  if (cookies !== '') headers['cookie'] = cookies
  if (body !== undefined) headers['content-type'] = tool.operation.body?.mediaType ?? 'application/json'
  return { url, method: tool.operation.method, headers, body }
}

function readArguments({ bindings, operation }: Tool, args: JsonObject): Given[] {
  for (const name of Object.keys(args)) {
    if (bindings.has(name)) continue
    const known = [...bindings.keys()].join(', ') || 'none'
    throw new ArgumentProblem(
      `${printable(name, 64)}: there is no such argument; the tool takes ${printable(known, 500)}`,
    )
  }
  const given = [...bindings].flatMap(([argument, binding]) => {
    const value = Object.hasOwn(args, argument) ? args[argument] : undefined
    // Models write null for what they leave out; a body may well hold one.
    const isLeftOut = value === undefined || (value === null && binding.to === 'parameter')
    return isLeftOut ? [] : [{ argument, binding, value }]
  })
  const hasBody = operation.body?.required === true || given.some(({ binding }) => binding.to === 'field')
  for (const [argument, binding] of bindings) {
    const needed = binding.required && (binding.to !== 'field' || hasBody)
    if (needed && !given.some((one) => one.argument === argument)) {
      throw new ArgumentProblem(`${argument}: is missing; give it`)
    }
  }
  return given
}

/** Names the argument in what is wrong with its value. */
function about<T>(argument: string, make: () => T): T {
  try {
    return make()
  } catch (error) {
    if (error instanceof ArgumentProblem) throw new ArgumentProblem(`${argument}: ${error.message}`)
    throw error
  }
}

function urlOf(base: URL, { operation }: Tool, given: readonly Given[]): URL {
  const values = new Map<string, string>()
  const query: string[] = base.search === '' ? [] : [base.search.slice(1)]
  for (const { argument, binding, value } of given) {
    if (binding.to !== 'parameter') continue
    const { parameter } = binding
    if (parameter.in === 'path')
      values.set(
        parameter.name,
        about(argument, () => pathValue(parameter, value)),
      )
    const encode = parameter.allowReserved ? reservedKept : percentEncoded
    if (parameter.in === 'query') query.push(...about(argument, () => queryPairs(parameter, value, encode)))
  }
  const path = operation.path.replace(/\{([^{}]*)\}/g, (_all, name: string) => values.get(name) ?? '')
  const full = base.pathname.replace(/\/$/, '') + path
  // Joined as texts: resolved against a base, a path that begins with "//" would name another host.
  const whole = new URL(base.origin + full)
  checkSegments(whole, base, full)
  whole.search = query.join('&')
  return whole
}

function pathValue(parameter: Parameters<typeof pathText>[0], value: Json): string {
  checkPathValue(value)
  return pathText(parameter, value)
}

function headersOf(given: readonly Given[]): Record<string, string> {
  const entries = given.flatMap(({ argument, binding, value }) => {
    if (binding.to !== 'parameter' || binding.parameter.in !== 'header') return []
    const text = headerText(binding.parameter, value).trim()
    if (!/^[\t\x20-\x7e]*$/.test(text)) {
      throw new ArgumentProblem(`${argument}: a header is printable ASCII on one line; give such a text`)
    }
    return [[binding.parameter.name.toLowerCase(), text]]
  })
  return Object.fromEntries(entries)
}

function cookiesOf(given: readonly Given[]): string {
  const pairs = given.flatMap(({ argument, binding, value }) =>
    binding.to === 'parameter' && binding.parameter.in === 'cookie'
      ? about(argument, () => queryPairs(binding.parameter, value))
      : [],
  )
  return pairs.join('; ')
}

function bodyOf({ operation: { body } }: Tool, given: readonly Given[]): string | undefined {
  if (body === undefined) return undefined
  const whole = given.find(({ binding }) => binding.to === 'body')
  const fields = given.flatMap(({ argument, binding, value }) =>
    binding.to === 'field' ? [[binding.name, value, argument] as const] : [],
  )
  if (whole === undefined && fields.length === 0 && !body.required) return undefined
  const value: Json = whole?.value ?? Object.fromEntries(fields.map(([name, one]) => [name, one]))
  if (body.kind === 'json') return JSON.stringify(value)
  if (body.kind === 'text') return plainText(value)
  if (!isJsonObject(value)) throw new ArgumentProblem('body: a form is an object; give one')
  return about(whole?.argument ?? 'body', () => formOf(value, body.encoding))
}

function formOf(fields: JsonObject, encoding: JsonObject): string {
  return Object.entries(fields)
    .flatMap(([name, value]) => (value === undefined || value === null ? [] : fieldPairs(name, value, encoding[name])))
    .join('&')
}

function fieldPairs(name: string, value: Json, encoding: Json | undefined): string[] {
  const { style, explode } = isJsonObject(encoding) ? encoding : {}
  if (style === 'deepObject') return queryPairs({ name, style, explode: true, json: false }, value)
  // An object in a form is written as JSON, unless the document says otherwise.
  const json = isJsonObject(value) && style === undefined
  return queryPairs({ name, style: 'form', explode: explode !== false, json }, value)
}
