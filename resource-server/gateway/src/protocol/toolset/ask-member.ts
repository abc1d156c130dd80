import { isJsonObject, type JsonObject, type RpcRequest } from '../../backends/json-rpc.ts'
import { printable } from '../../backends/text.ts'
import type { BackendService } from '../../backends/types.ts'
import type { Relayed } from '../relay.ts'
import { type Ground, type ToolsetRequest, viewerOf } from './ground.ts'
import { shownNotification } from './shown.ts'

/**
 * Takes a toolset's request to one of its services, under the name that it has there. Who may call what was decided by
 * the names of the toolset: the service's own are not asked about again.
 */
export async function askMember(
  ground: Ground,
  asked: ToolsetRequest,
  member: BackendService,
  request: RpcRequest,
): Promise<Relayed> {
  const viewer = viewerOf(asked)
  const { mayReach: _, ...rest } = asked
  const relayed = await ground.relay({
    ...rest,
    service: member,
    principal: { ...asked.principal, tools: undefined },
    request,
    onNotification: (notification) =>
      asked.onNotification(
        shownNotification(notification, member.id, (uri) => ground.uris.show(viewer, member.id, uri)),
      ),
  })
  return withReason(relayed, member.id)
}

const longestReason = 300

/** An answer that the service did not give says which service it is that gave none. */
function withReason(relayed: Relayed, serviceId: string): Relayed {
  const { outcome } = relayed
  if (!('error' in outcome)) return relayed
  const { error } = outcome
  const data: JsonObject = isJsonObject(error.data) ? error.data : {}
  const isOurs =
    outcome.problem !== undefined || data['reason'] === 'backend_failed' || data['reason'] === 'backend_limit'
  if (!isOurs) return relayed
  const message = `Service ${serviceId} of this toolset: ${printable(error.message, longestReason)}`
  return { ...relayed, outcome: { ...outcome, error: { ...error, message, data: { ...data, serviceId } } } }
}
