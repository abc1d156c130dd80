import { isJsonObject, type Json, type JsonObject, metaOf, rpcCodes, rpcError } from '../../../backends/json-rpc.ts'
import type { CallEnd } from '../../journal.ts'
import { callEnd } from '../../policy/call-end.ts'
import type { Relayed } from '../../relay.ts'
import type { Ground, ToolsetRequest } from '../ground.ts'
import { type Entry, gather } from '../lists.ts'
import { mayReach } from '../may-reach.ts'
import { readyService } from '../members.ts'
import { askTarget } from '../merged.ts'
import { asksBack, withoutRounds } from '../rounds.ts'
import { targetOf } from '../targets.ts'
import type { Ranking } from './ranking.ts'
import { searchToolName, searchTools, useToolName } from './tools.ts'
import { readUses, type Use } from './uses.ts'

/** Answers a request on a toolset that shows two tools, with which those of its services are found and called. */
export async function serveSearch(ground: Ground, asked: ToolsetRequest, ranking: Ranking): Promise<Relayed> {
  const { method, params = {} } = asked.request
  if (method === 'tools/list') return { outcome: listTools(params) }
  if (method !== 'tools/call') return { outcome: rpcError(rpcCodes.methodNotFound, 'Method not found') }
  if (params['name'] === searchToolName) return await search(ground, asked, params['arguments'], ranking)
  if (params['name'] === useToolName) return await use(ground, asked, params)
  return { outcome: rpcError(rpcCodes.invalidParams, 'Unknown tool') }
}

/** There is one page, so nobody was given a cursor. */
function listTools({ cursor }: JsonObject): Relayed['outcome'] {
  if (cursor !== undefined) return rpcError(rpcCodes.invalidParams, 'Invalid cursor')
  return { result: { tools: searchTools } }
}

async function search(
  ground: Ground,
  asked: ToolsetRequest,
  args: Json | undefined,
  ranking: Ranking,
): Promise<Relayed> {
  const tasks = readTasks(args, ground)
  if (typeof tasks === 'string') return said(tasks, true)
  const entries = (await gather(ground, asked, 'tools/list')).filter(({ shown }) => mayReach(asked, shown['name']))
  const most = ground.limits.searchAnswers
  const best = ranking.best(entries, tasks, most)
  // A model that gets nothing knows no more than before.
  const isGuess = best.length === 0 && entries.length > 0
  const chosen = isGuess ? entries.slice(0, most) : best
  const heading = isGuess ? 'No tool fits these words; some that there are:' : `${chosen.length} tools found:`
  // Whoever reads it takes the second line for the JSON.
  return said(`${heading}\n${JSON.stringify(chosen.map((entry) => found(entry, ground)))}`)
}

function readTasks(args: Json | undefined, { limits }: Ground): readonly string[] | string {
  const given = isJsonObject(args) ? args['task_description'] : undefined
  const list: readonly Json[] = typeof given === 'string' ? [given] : Array.isArray(given) ? given : []
  const tasks = list.filter((task): task is string => typeof task === 'string' && task.trim() !== '')
  if (tasks.length === 0 || tasks.length < list.length) return 'task_description: give an array of texts'
  if (tasks.length > limits.searchQuestions) return `task_description: describe at most ${limits.searchQuestions} tasks`
  if (tasks.every((task) => task.length <= limits.searchQuestion)) return tasks
  return `task_description: describe a task in at most ${limits.searchQuestion} characters`
}

function found({ serviceId, shown, own }: Entry, { catalog }: Ground): JsonObject {
  return {
    server_id: serviceId,
    server_name: readyService(serviceId, catalog)?.name ?? serviceId,
    tool_id: shown['name'],
    tool_name: own['name'],
    description: typeof own['description'] === 'string' ? own['description'] : '',
    input_schema: own['inputSchema'] ?? { type: 'object' },
  }
}

async function use(ground: Ground, asked: ToolsetRequest, params: JsonObject): Promise<Relayed> {
  const uses = readUses(params['arguments'])
  if (typeof uses === 'string') return said(uses, true)
  const [only, ...others] = uses
  const alone = only !== undefined && others.length === 0
  const made = alone ? { asked, params } : { asked: withoutWaiting(asked), params: asOneOfSeveral(params) }
  const all = await Promise.all(uses.map((one) => timed(() => call(ground, made.asked, one, made.params))))
  const [first] = all
  // What a service asks back, or that it is busy, can be told of a single call alone.
  if (alone && first !== undefined && (asksBack(first.relayed) || first.relayed.unavailable !== undefined)) {
    return first.relayed
  }
  const results = all.map(({ relayed }) => resultOf(relayed))
  const answer = said(
    JSON.stringify(results),
    results.every((one) => one['is_error'] === true),
  )
  return { ...answer, reached: all.map(endOf) }
}

interface Timed {
  readonly relayed: Relayed
  readonly durationMs: number
}

async function timed(call: () => Promise<Relayed>): Promise<Timed> {
  const startedAt = performance.now()
  const relayed = await call()
  return { relayed, durationMs: Math.round((performance.now() - startedAt) * 1000) / 1000 }
}

function endOf({ relayed, durationMs }: Timed): CallEnd {
  return { reason: asksBack(relayed) ? 'call_failed' : callEnd(relayed), durationMs }
}

async function call(
  ground: Ground,
  asked: ToolsetRequest,
  { merged, arguments: args }: Use,
  params: JsonObject,
): Promise<Relayed> {
  // It was decided before whether the call may be made; this is the last place where it can be seen.
  const target = mayReach(asked, merged) ? await targetOf(ground, asked, merged, 'tools/list') : undefined
  if (target === undefined) return { outcome: rpcError(rpcCodes.invalidParams, 'Unknown tool') }
  const request = { method: 'tools/call', params: { ...params, name: target.name, arguments: args } }
  return await askTarget(ground, asked, target, request)
}

/**
 * While one of several calls waited for a client that is asked in its answer, the others would run on, and nobody
 * would count them.
 */
function withoutWaiting(asked: ToolsetRequest): ToolsetRequest {
  const { client, ask } = asked
  if (client.era === 'legacy' || ask === undefined) return asked
  return { ...asked, ask: async () => rpcError(rpcCodes.internalError, callAlone) }
}

/** Of several calls, none can be gone on with, and no progress is that of all. */
function asOneOfSeveral(given: JsonObject): JsonObject {
  const { _meta, ...params } = withoutRounds(given)
  const { progressToken: _, ...meta } = metaOf(given)
  return Object.keys(meta).length === 0 ? params : { ...params, _meta: meta }
}

function resultOf(relayed: Relayed): JsonObject {
  const { outcome } = relayed
  if ('error' in outcome) return failed(outcome.error.message)
  if (asksBack(relayed)) return failed(callAlone)
  const { content, isError } = outcome.result
  return { result: Array.isArray(content) ? content : [], ...(isError === true ? { is_error: true } : {}) }
}

const callAlone = 'The tool asks for input: call it alone.'

function failed(text: string): JsonObject {
  return { result: [{ type: 'text', text }], is_error: true }
}

function said(text: string, isError = false): Relayed {
  const result = { content: [{ type: 'text', text }], ...(isError ? { isError } : {}) }
  return { outcome: { result } }
}
