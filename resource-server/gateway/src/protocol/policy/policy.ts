import type { Clock } from '@postern/core'
import type { RpcRequest } from '../../backends/json-rpc.ts'
import type { ProtocolLimits } from '../../limits.ts'
import type { Exchange } from '../exchange.ts'
import { AccessDenied, Refusal, refusals } from '../replies.ts'
import { reachedTools } from '../toolset/reached-tools.ts'
import { auditedArguments } from './audited-arguments.ts'
import { createPlaces } from './places.ts'
import { createRates } from './rates.ts'
import { strictest } from './tools.ts'

/** What a caller who was let in may do: how often, how much at once, with which tools. */
export interface Policy {
  /**
   * Lets the requests of one POST pass together, or none of them. What it gives is to be called when they are over.
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
    if (seconds > 0) throttle(exchange, 'rate_limit', seconds)
  }

  const takePlaces = (exchange: Exchange, count: number): (() => void) => {
    const most = exchange.service.access?.limits?.concurrent
    if (most === undefined || count === 0) return () => {}
    const owner = ownerOf(exchange)
    const taken = places.take(owner, count, most)
    if (taken !== undefined) return taken
    throttle(exchange, 'concurrency_limit', 1)
    return places.take(owner, count, Number.POSITIVE_INFINITY) ?? (() => {})
  }

  return {
    async enter(exchange, requests, more = 0) {
      const calls = requests.filter(({ method }) => method === 'tools/call')
      for (const call of calls) audit(exchange, call)
      checkRate(exchange, requests.length + more)
      await checkTools(exchange, calls)
      return takePlaces(exchange, requests.length)
    },
  }
}

function ownerOf({ service, principal }: Exchange): string {
  return `${service.id} ${principal.caller.key}`
}

function audit({ service, calls }: Exchange, request: RpcRequest): void {
  const { name, arguments: args } = request.params ?? {}
  const shown = service.access?.audit?.arguments === true ? auditedArguments(args) : undefined
  const reached = reachedTools(service.backend, request.params) ?? []
  calls.begin(request, reached.length > 0 || typeof name !== 'string' ? reached : [name], shown)
}

function throttle({ service, refused, aside }: Exchange, reason: 'rate_limit' | 'concurrency_limit', seconds: number) {
  if (service.access?.mode === 'dryRun') return aside('would_throttle')
  refused(reason)
  throw new Refusal({ ...refusals.tooManyRequests, headers: { 'retry-after': String(seconds) } })
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
