import { isRecord } from '../options/fields.ts'
import { Refusal } from '../refusal.ts'

/** One thing that a JSON-RPC message asks a server to do, as far as a rule can be about it. */
export interface Operation {
  readonly kind: 'tool' | 'prompt' | 'resource' | 'completion'
  /** Of the tool or prompt, or the URI. Empty for a completion as such. */
  readonly name: string
}

/**
 * The operations that a message asks for. What headers say of it (`Mcp-Method`, `Mcp-Name`) does not count, for it is the
 * body that servers act upon; nor does it matter whether the message has an `id`. Throws `Refusal` for a message that
 * servers may take for another one.
 */
export function operationsIn(message: unknown): readonly Operation[] {
  if (!isObject(message)) return []
  const { method } = message
  const params = isObject(message['params']) ? message['params'] : {}
  switch (method) {
    case 'tools/call':
      return operation('tool', params['name'])
    case 'prompts/get':
      return operation('prompt', params['name'])
    case 'resources/read':
    case 'resources/subscribe':
    case 'resources/unsubscribe':
      return operation('resource', params['uri'])
    case 'subscriptions/listen':
      return subscribed(params['notifications'])
    case 'completion/complete':
      return [{ kind: 'completion', name: '' }, ...completed(params['ref'])]
    default:
      return []
  }
}

/**
 * A member named `__proto__` becomes the prototype of the copy that zod before 4.4 makes, and what it holds is then
 * taken for the object's own: a name that nobody has seen here.
 */
function isObject(value: unknown): value is Record<string, unknown> {
  if (!isRecord(value)) return false
  if (Object.hasOwn(value, '__proto__')) throw new Refusal('body_unreadable')
  return true
}

/** Without a proper name there is nothing that a server could find. */
function operation(kind: Operation['kind'], name: unknown): readonly Operation[] {
  return typeof name === 'string' ? [{ kind, name }] : []
}

/** MCP 2026-07-28: one request subscribes to any number of resources. */
function subscribed(filter: unknown): readonly Operation[] {
  const uris = isObject(filter) ? filter['resourceSubscriptions'] : undefined
  return Array.isArray(uris) ? uris.flatMap((uri: unknown) => operation('resource', uri)) : []
}

function completed(ref: unknown): readonly Operation[] {
  if (!isObject(ref)) return []
  if (ref['type'] === 'ref/prompt') return operation('prompt', ref['name'])
  return ref['type'] === 'ref/resource' ? operation('resource', ref['uri']) : []
}
