import type { Clock } from '@postern/core'
import { Refusal } from '../refusal.ts'
import type { InboundRequest } from '../request.ts'
import { createFailureLimit, type FailureRules } from './failure-limit.ts'
import { createHostCheck, type HostRules } from './host.ts'

/** What is asked of a request before anybody looks at its credential. */
export interface EntranceRules {
  /** Origins of pages that may call; undefined: any. */
  readonly origins: ReadonlySet<string> | undefined
  /** Names under which this server may be called; undefined: any. */
  readonly hosts: HostRules | undefined
  /** Undefined: failures are not counted. */
  readonly failures: FailureRules | undefined
}

export interface Entrance {
  /** May a page of the request's origin, if it has one, know the answer? */
  welcomes(request: InboundRequest): boolean
  /** Throws `Refusal` for who is not let near the check of credentials. */
  check(request: InboundRequest): void
  /** Takes down that the request was refused. */
  refused(request: InboundRequest, refusal: Refusal): void
}

/** Makes the entrance of a resource server; undefined where none of its rules is set, so that nothing is spent on it. */
export function createEntrance({ origins, hosts, failures }: EntranceRules, clock: Clock): Entrance | undefined {
  if (origins === undefined && hosts === undefined && failures === undefined) return undefined
  const limit = failures === undefined ? undefined : createFailureLimit(failures, clock)
  const isHostGood = hosts === undefined ? undefined : createHostCheck(hosts)
  const welcomes = (request: InboundRequest): boolean => {
    if (isHostGood?.(request) === false) return false
    const origin = request.header('origin')
    return origin === undefined || origins === undefined || origins.has(origin)
  }
  return {
    welcomes,
    check(request) {
      if (!welcomes(request)) throw new Refusal('origin_not_allowed')
      const wait = limit?.wait(request) ?? 0
      if (wait > 0) throw new Refusal('throttled', { retryAfter: wait })
    },
    refused: (request, refusal) => limit?.refused(request, refusal),
  }
}
