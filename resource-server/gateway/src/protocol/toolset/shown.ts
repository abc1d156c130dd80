import { isJsonObject, type Json, type JsonObject, metaOf, type RpcNotification } from '../../backends/json-rpc.ts'
import { envelopeKeys } from '../../backends/versions.ts'

/** How the toolset shows a URI of the service at hand. */
export type ShowUri = (uri: string) => string

/** A service's answer to a call, a prompt or a read, with the URIs that the toolset has for what is in it. */
export function shownResult(result: JsonObject, serverInfo: JsonObject, show: ShowUri): JsonObject {
  const { content, contents, messages } = result
  const meta = metaOf(result)
  return {
    ...result,
    ...(Array.isArray(content) ? { content: content.map((block) => shownBlock(block, show)) } : {}),
    ...(Array.isArray(contents) ? { contents: contents.map((one) => withUri(one, show)) } : {}),
    ...(Array.isArray(messages) ? { messages: messages.map((message) => shownMessage(message, show)) } : {}),
    ...(envelopeKeys.serverInfo in meta ? { _meta: { ...meta, [envelopeKeys.serverInfo]: serverInfo } } : {}),
  }
}

function shownMessage(message: Json, show: ShowUri): Json {
  if (!isJsonObject(message)) return message
  return { ...message, content: shownBlock(message['content'] ?? null, show) }
}

function shownBlock(block: Json, show: ShowUri): Json {
  if (!isJsonObject(block)) return block
  if (block['type'] === 'resource_link') return withUri(block, show)
  const { resource } = block
  return block['type'] === 'resource' && resource !== undefined
    ? { ...block, resource: withUri(resource, show) }
    : block
}

function withUri(value: Json, show: ShowUri): Json {
  const uri = isJsonObject(value) ? value['uri'] : undefined
  return isJsonObject(value) && typeof uri === 'string' ? { ...value, uri: show(uri) } : value
}

/** What a service says beside its answers. Log lines name it. */
export function shownNotification(notification: RpcNotification, serviceId: string, show: ShowUri): RpcNotification {
  const { method, params = {} } = notification
  if (method === 'notifications/message') {
    const { logger } = params
    const name = typeof logger === 'string' && logger !== '' ? `${serviceId}/${logger}` : serviceId
    return { ...notification, params: { ...params, logger: name } }
  }
  const { uri } = params
  if (method !== 'notifications/resources/updated' || typeof uri !== 'string') return notification
  return { ...notification, params: { ...params, uri: show(uri) } }
}
