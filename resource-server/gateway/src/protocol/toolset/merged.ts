import {
  isJsonObject,
  type JsonObject,
  type RpcOutcome,
  type RpcRequest,
  rpcCodes,
  rpcError,
} from '../../backends/json-rpc.ts'
import type { Relayed } from '../relay.ts'
import { askMember } from './ask-member.ts'
import { type Ground, type ToolsetRequest, viewerOf } from './ground.ts'
import { gather, isListMethod, pageOf } from './lists.ts'
import { membersOf, readyService } from './members.ts'
import { asksBack, withoutRounds } from './rounds.ts'
import { serverInfoOf } from './server-info.ts'
import { shownResult } from './shown.ts'
import { type Target, targetOf } from './targets.ts'

/** Answers a request on a toolset that shows everything its services have. */
export async function serveMerged(ground: Ground, asked: ToolsetRequest): Promise<Relayed> {
  const { method, params = {} } = asked.request
  if (isListMethod(method)) {
    return { outcome: pageOf(await gather(ground, asked, method), method, asked, ground.limits.pageItems) }
  }
  switch (method) {
    case 'tools/call':
      return await byName(ground, asked, params, 'tools/list')
    case 'prompts/get':
      return await byName(ground, asked, params, 'prompts/list')
    case 'resources/read':
    case 'resources/subscribe':
    case 'resources/unsubscribe':
      return await byUri(ground, asked, params)
    case 'completion/complete':
      return await complete(ground, asked, params)
    case 'logging/setLevel':
      return await tellAll(ground, asked)
    default:
      return { outcome: rpcError(rpcCodes.methodNotFound, 'Method not found') }
  }
}

async function byName(
  ground: Ground,
  asked: ToolsetRequest,
  params: JsonObject,
  list: 'tools/list' | 'prompts/list',
): Promise<Relayed> {
  const { name } = params
  const target = typeof name === 'string' ? await targetOf(ground, asked, name, list) : undefined
  if (target === undefined) {
    return { outcome: rpcError(rpcCodes.invalidParams, list === 'tools/list' ? 'Unknown tool' : 'Unknown prompt') }
  }
  return await askTarget(ground, asked, target, { ...asked.request, params: { ...params, name: target.name } })
}

/** Makes a request of the service that a name led to, and shows its answer as the toolset's. */
export async function askTarget(
  ground: Ground,
  asked: ToolsetRequest,
  { serviceId, member }: Pick<Target, 'serviceId' | 'member'>,
  request: RpcRequest,
): Promise<Relayed> {
  if (member === undefined) return { outcome: notReady(serviceId) }
  const relayed = await askMember(ground, asked, member, request)
  const { outcome } = relayed
  if ('error' in outcome) return relayed
  const viewer = viewerOf(asked)
  const show = (uri: string) => ground.uris.show(viewer, serviceId, uri)
  return { ...relayed, outcome: { result: shownResult(outcome.result, serverInfoOf(asked.service), show) } }
}

function notReady(serviceId: string): RpcOutcome {
  const message = `Service ${serviceId} of this toolset: it is not ready.`
  return rpcError(rpcCodes.internalError, message, { reason: 'backend_failed', serviceId })
}

async function byUri(ground: Ground, asked: ToolsetRequest, params: JsonObject): Promise<Relayed> {
  const { uri: shown } = params
  if (typeof shown !== 'string') return { outcome: rpcError(rpcCodes.invalidParams, 'uri: name a resource') }
  return await atUri(ground, asked, shown, (uri) => ({ ...asked.request, params: { ...params, uri } }))
}

async function complete(ground: Ground, asked: ToolsetRequest, params: JsonObject): Promise<Relayed> {
  const ref = isJsonObject(params['ref']) ? params['ref'] : {}
  const { name, uri } = ref
  const requestWith = (named: JsonObject) => ({ ...asked.request, params: { ...params, ref: { ...ref, ...named } } })
  if (ref['type'] === 'ref/resource' && typeof uri === 'string') {
    return await atUri(ground, asked, uri, (own) => requestWith({ uri: own }))
  }
  const target = typeof name === 'string' ? await targetOf(ground, asked, name, 'prompts/list') : undefined
  if (target === undefined) return { outcome: rpcError(rpcCodes.invalidParams, 'ref: names no prompt or resource') }
  return await askTarget(ground, asked, target, requestWith({ name: target.name }))
}

/** A URI that no service has shown yet, such as one that a template made, is tried at one after the other. */
async function atUri(
  ground: Ground,
  asked: ToolsetRequest,
  shown: string,
  requestFor: (uri: string) => RpcRequest,
): Promise<Relayed> {
  const { serviceId, uri } = ground.uris.find(viewerOf(asked), shown)
  if (serviceId !== undefined) {
    const member = readyService(serviceId, ground.catalog)
    return await askTarget(ground, asked, { serviceId, member }, requestFor(uri))
  }
  let refused: Relayed | undefined
  for (const { id, service: member } of membersOf(asked.service, ground.catalog)) {
    if (asked.signal.aborted) break
    const { method, params = {} } = requestFor(uri)
    // What was answered was asked by one service, and it is not known any more by which.
    const request = { method, params: withoutRounds(params) }
    const relayed = await askTarget(ground, asked, { serviceId: id, member }, request)
    if (asksBack(relayed)) ground.uris.show(viewerOf(asked), id, uri)
    if (!('error' in relayed.outcome)) return relayed
    // What a service says itself tells more than that it does not answer, or knows no resources at all.
    if (refused === undefined || weight(relayed) > weight(refused)) refused = relayed
  }
  return refused ?? { outcome: rpcError(rpcCodes.invalidParams, 'Resource not found') }
}

function weight({ outcome }: Relayed): number {
  if (!('error' in outcome) || outcome.error.code === rpcCodes.methodNotFound) return 0
  return outcome.error.code === rpcCodes.internalError ? 1 : 2
}

/** A level for log lines is for all services that write some. */
async function tellAll(ground: Ground, asked: ToolsetRequest): Promise<Relayed> {
  const ready = membersOf(asked.service, ground.catalog).flatMap(({ service }) => service ?? [])
  const answers = await Promise.all(ready.map((member) => askMember(ground, asked, member, asked.request)))
  return answers.find(({ outcome }) => !('error' in outcome)) ?? answers[0] ?? { outcome: { result: {} } }
}
