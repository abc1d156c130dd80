import { isJsonObject, type JsonObject, type RpcRequest } from './json-rpc.ts'

/**
 * What a client can be asked for, out of all that it declared: in one spelling, so that two clients that can do the
 * same are alike, and bounded, so that nobody makes up as many kinds of clients as they like. What is not known here is
 * not promised to backends: nobody could keep it.
 */
export function askable(declared: JsonObject | undefined): JsonObject {
  const { roots, sampling, elicitation } = declared ?? {}
  return {
    ...(isJsonObject(roots) ? { roots: roots['listChanged'] === true ? { listChanged: true } : {} } : {}),
    ...(isJsonObject(sampling) ? { sampling: bits(sampling, ['context', 'tools']) } : {}),
    ...(isJsonObject(elicitation) ? { elicitation: elicitationModes(elicitation) } : {}),
  }
}

/** An empty object means forms (MCP 2025-11-25, Elicitation, "Capabilities"). */
function elicitationModes(elicitation: JsonObject): JsonObject {
  const modes = bits(elicitation, ['form', 'url'])
  return Object.keys(modes).length === 0 ? { form: {} } : modes
}

function bits(object: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(names.filter((name) => isJsonObject(object[name])).map((name) => [name, {}]))
}

/** May this be asked of a client that can do so much? */
export function mayAsk(askable: JsonObject, { method, params }: RpcRequest): boolean {
  if (method === 'roots/list') return askable['roots'] !== undefined
  if (method === 'sampling/createMessage') {
    const wantsTools = params?.['tools'] !== undefined || params?.['toolChoice'] !== undefined
    return isJsonObject(askable['sampling']) && (!wantsTools || askable['sampling']['tools'] !== undefined)
  }
  if (method !== 'elicitation/create' || !isJsonObject(askable['elicitation'])) return false
  return askable['elicitation'][params?.['mode'] === 'url' ? 'url' : 'form'] !== undefined
}
