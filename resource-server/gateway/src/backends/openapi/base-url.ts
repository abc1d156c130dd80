import { isLoopbackHost } from '@postern/core'
import { isJsonObject, type JsonObject } from '../json-rpc.ts'
import { printable } from '../text.ts'
import type { OpenapiBackend } from '../types.ts'
import { documentFault } from './fault.ts'

/**
 * Where the API is: the backend's `baseUrl`, else the document's first server with the defaults of its variables.
 * @throws BackendError when there is none, or none that is called
 */
export function baseUrlOf({ baseUrl }: OpenapiBackend, document: JsonObject): URL {
  if (baseUrl !== undefined) return new URL(baseUrl)
  const { servers } = document
  const [server] = Array.isArray(servers) ? servers : []
  const template = isJsonObject(server) ? server['url'] : undefined
  if (typeof template !== 'string') throw documentFault('/servers', `the document names no server; ${mend}`)
  const at = '/servers/0/url'
  const text = filled(template, isJsonObject(server) ? server['variables'] : undefined)
  const quoted = `\`${printable(text, 200)}\``
  if (!URL.canParse(text)) throw documentFault(at, `${quoted} is no absolute URL; ${mend}`)
  const url = new URL(text)
  const problem = problemOf(url)
  if (problem !== undefined) throw documentFault(at, `${quoted} ${problem}; ${mend}`)
  return url
}

const mend = 'give the backend a baseUrl'

function problemOf({ protocol, hostname, username, password, hash }: URL): string | undefined {
  if (username !== '' || password !== '') return 'holds a user name or a password'
  if (hash !== '') return 'holds a "#"'
  if (protocol === 'https:' || (protocol === 'http:' && isLoopbackHost(hostname))) return undefined
  return 'is not https (http is for this machine alone)'
}

function filled(template: string, variables: unknown): string {
  return template.replace(/\{([^{}]*)\}/g, (all, name: string) => {
    const variable = isJsonObject(variables) && Object.hasOwn(variables, name) ? variables[name] : undefined
    const value = isJsonObject(variable) ? variable['default'] : undefined
    return typeof value === 'string' || typeof value === 'number' ? String(value) : all
  })
}
