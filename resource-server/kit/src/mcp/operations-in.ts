import { isRecord } from '../options/fields.ts'

/** One thing that a JSON-RPC message asks a server to do, as far as a rule can be about it. */
export interface Operation {
  readonly kind: 'tool' | 'prompt' | 'resource' | 'completion'
  /** Of the tool or prompt, or the URI. Empty for a completion as such. */
  readonly name: string
}

/**
 * The operations that a message asks for. What headers say of it (`Mcp-Method`, `Mcp-Name`) does not count, for it is the
 * body that servers act upon; nor does it matter whether the message has an `id`.
 */
export function operationsIn(message: unknown): readonly Operation[] {
  if (!isRecord(message)) return []
  const { method } = message
  const params = isRecord(message['params']) ? message['params'] : {}
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

/** Without a proper name there is nothing that a server could find. */
function operation(kind: Operation['kind'], name: unknown): readonly Operation[] {
  return typeof name === 'string' ? [{ kind, name }] : []
}

/** MCP 2026-07-28: one request subscribes to any number of resources. */
function subscribed(filter: unknown): readonly Operation[] {
  const uris = isRecord(filter) ? filter['resourceSubscriptions'] : undefined
  return Array.isArray(uris) ? uris.flatMap((uri: unknown) => operation('resource', uri)) : []
}

function completed(ref: unknown): readonly Operation[] {
  if (!isRecord(ref)) return []
  if (ref['type'] === 'ref/prompt') return operation('prompt', ref['name'])
  return ref['type'] === 'ref/resource' ? operation('resource', ref['uri']) : []
}
