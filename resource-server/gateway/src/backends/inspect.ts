import { gatewayEnvelope } from './handshake.ts'
import { isJsonObject, type JsonObject } from './json-rpc.ts'
import type { Live } from './live.ts'
import { printable } from './text.ts'
import { BackendError, type BackendLimits, type Caller, type CheckReport } from './types.ts'

/** Whom the gateway is when it asks for itself. */
export const gateway: Caller = { key: '', kind: 'gateway', subject: 'gateway', clientId: 'gateway', scopes: [] }

// A server with more pages than this is taken at its word.
const mostPages = 20

/**
 * Lists a backend's tools, which shows that it does more than introduce itself.
 * @throws BackendError
 */
export async function inspect({ connection }: Pick<Live, 'connection'>, limits: BackendLimits): Promise<CheckReport> {
  const { server } = connection
  const tools: JsonObject[] = []
  if (server.capabilities['tools'] === undefined) return { server, tools, toolNames: namesOf(tools) }
  let cursor: string | undefined
  for (let page = 0; page < mostPages; page++) {
    const params: JsonObject = {
      ...(cursor === undefined ? {} : { cursor }),
      ...(server.era === 'modern' ? { _meta: gatewayEnvelope() } : {}),
    }
    const signal = AbortSignal.timeout(limits.startMs)
    const outcome = await connection.request({ method: 'tools/list', params }, { caller: gateway, signal })
    if ('error' in outcome) throw new BackendError('failed', listSentence(outcome.error.message, limits))
    tools.push(...toolsIn(outcome.result))
    const { nextCursor } = outcome.result
    if (typeof nextCursor !== 'string') break
    cursor = nextCursor
  }
  return { server, tools, toolNames: namesOf(tools) }
}

function listSentence(message: string, { quotedLength }: BackendLimits): string {
  return `it started, but did not list its tools: ${printable(message, quotedLength)}`
}

function toolsIn({ tools }: JsonObject): JsonObject[] {
  if (!Array.isArray(tools)) throw new BackendError('failed', 'it started, but its list of tools is no list')
  return tools.filter((tool): tool is JsonObject => isJsonObject(tool) && typeof tool['name'] === 'string')
}

function namesOf(tools: readonly JsonObject[]): string[] {
  return tools.map(({ name }) => String(name))
}
