import type { Clock } from '@postern/core'
import type { RpcRequest } from '../../backends/json-rpc.ts'
import type { ProtocolLimits } from '../../limits.ts'
import type { Exchange } from '../exchange.ts'
import { AccessDenied, Refusal, type Refused, refusals } from '../replies.ts'
import { reachedTools } from '../toolset/reached-tools.ts'
import { auditedArguments } from './audited-arguments.ts'
import { createPlaces } from './places.ts'
import { createRates } from './rates.ts'
import { strictest } from './tools.ts'

/** What a caller who was let in may do: how often, how much at once, with which tools. */
export interface Policy {
  /**
   * Lets the requests of one POST pass together, or none of them. What it gives is to be called when they are over.
   * A call that reaches several tools counts as often as that.
   *
   * @param more messages besides that reach the backend, and count
   * @throws Refusal 429, AccessDenied, Challenged
   */
  enter(exchange: Exchange, requests: readonly RpcRequest[], more?: number): Promise<() => void>
}

/** Limits are counted in this process. Two gateways, or a restart, know nothing of each other's counts. */
export function createPolicy(clock: Clock, { ratedCallers }: Pick<ProtocolLimits, 'ratedCallers'>): Policy {
  const rates = createRates(clock, ratedCallers)
  const places = createPlaces()

  const checkRate = (exchange: Exchange, count: number): void => {
    const perMinute = exchange.service.access?.limits?.requestsPerMinute
    if (perMinute === undefined || count === 0) return
    const seconds = rates.take(ownerOf(exchange), count, perMinute)
    if (seconds === 0) return
    throttle(exchange, 'rate_limit', count > perMinute ? tooMany(count, `${perMinute} a minute`) : later(seconds))
  }

  const takePlaces = (exchange: Exchange, count: number): (() => void) => {
    const most = exchange.service.access?.limits?.concurrent
    if (most === undefined || count === 0) return () => {}
    const owner = ownerOf(exchange)
    const taken = places.take(owner, count, most)
    if (taken !== undefined) return taken
    throttle(exchange, 'concurrency_limit', count > most ? tooMany(count, `${most} at once`) : later(1))
    return places.take(owner, count, Number.POSITIVE_INFINITY) ?? (() => {})
  }

  return {
    async enter(exchange, requests, more = 0) {
      const calls = requests.filter(({ method }) => method === 'tools/call')
      const reached = calls.map((call) => audit(exchange, call))
      const count = reached.reduce((sum, tools) => sum + Math.max(0, tools - 1), requests.length)
      checkRate(exchange, count + more)
      await checkTools(exchange, calls)
      return takePlaces(exchange, count)
    },
  }
}

function ownerOf({ service, principal }: Exchange): string {
  return `${service.id} ${principal.caller.key}`
}

/** Begins the entry of a call. Gives how many tools it reaches, where it reaches others than the one that it names. */
function audit({ service, calls }: Exchange, request: RpcRequest): number {
  const { name, arguments: args } = request.params ?? {}
  const shown = service.access?.audit?.arguments === true ? auditedArguments(args) : undefined
  const reached = reachedTools(service.backend, request.params) ?? []
  calls.begin(request, reached.length > 0 || typeof name !== 'string' ? reached : [name], shown)
  return reached.length
}

function later(seconds: number): Refused {
  return { ...refusals.tooManyRequests, headers: { 'retry-after': String(seconds) } }
}

/** More than ever pass together: there is nothing to wait for. */
function tooMany(count: number, allowed: string): Refused {
  const mend = 'send fewer in one batch, or in one mcp_use_tool'
  const message = `Too many requests: these are ${count} in one, and ${allowed} are allowed; ${mend}`
  return { ...refusals.tooManyRequests, message }
}

function throttle(
  { service, refused, aside }: Exchange,
  reason: 'rate_limit' | 'concurrency_limit',
  reply: Refused,
): void {
  if (service.access?.mode === 'dryRun') {
    aside('would_throttle')
    return
  }
  refused(reason)
  throw new Refusal(reply)
}

async function checkTools({ tools, aside, refused, challenge }: Exchange, calls: readonly RpcRequest[]): Promise<void> {
  const judgements = calls.map(({ params }) => tools.judge(params))
  const judgement = strictest(judgements)
  if (judgement.kind === 'refused') {
    if (judgement.scopes !== undefined) await challenge(judgement.scopes)
    refused('tool_not_allowed')
    throw new AccessDenied()
  }
  for (const [index, { kind }] of judgements.entries()) {
    if (kind === 'would_refuse') aside('would_refuse', calls[index])
  }
}
