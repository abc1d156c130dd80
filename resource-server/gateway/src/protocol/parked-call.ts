import { randomBytes } from 'node:crypto'
import {
  isJsonObject,
  type JsonObject,
  metaOf,
  type RpcId,
  type RpcNotification,
  type RpcOutcome,
  type RpcRequest,
  rpcCodes,
  rpcError,
} from '../backends/json-rpc.ts'
import type { Asker, Question } from '../backends/types.ts'
import type { ProtocolLimits } from '../limits.ts'
import type { Relayed } from './relay.ts'
import type { StateOwner } from './request-state.ts'

/** One request of a client on whose behalf a call runs: the first one, or one that came back with answers. */
export interface Attempt {
  readonly progressToken: RpcId | undefined
  readonly onNotification: (notification: RpcNotification) => void
  /** The client has gone: its call is cancelled. */
  readonly gone: AbortSignal
}

/** What a call needs of whoever runs it. */
export interface CallHooks {
  readonly ask: Asker
  readonly onNotification: (notification: RpcNotification) => void
  readonly signal: AbortSignal
}

/** What an attempt ends with: the answer, or questions that have to be answered first. */
export type Turn = { readonly relayed: Relayed } | { readonly inputRequests: Readonly<Record<string, JsonObject>> }

/** A call that outlives the requests it is made of, because its backend asks in between. */
export interface ParkableCall {
  /** Nobody can guess it. */
  readonly id: string
  readonly owner: StateOwner
  /** How often it was answered. */
  readonly round: number
  /** An attempt is under way. */
  readonly attended: boolean
  /** The backend has answered. */
  readonly finished: boolean
  expiresAt: number
  /**
   * Goes on until the call is over or has questions; with the client gone, the call is cancelled.
   * @throws what the call itself threw: then it is over
   */
  attend(attempt: Attempt): Promise<Turn>
  /** Takes answers, by the keys of the questions; others are left alone. False when one is no answer: then none is taken. */
  answer(responses: JsonObject): boolean
  /** Cancels it; whoever still asks is told that nobody answers. */
  abandon(): void
}

export interface ParkableCallOptions {
  readonly owner: StateOwner
  readonly limits: Pick<ProtocolLimits, 'gatherMs' | 'parkedBytes' | 'parkedNotifications'>
  /** The call itself, from the start to its answer. */
  readonly run: (hooks: CallHooks) => Promise<Relayed>
}

/** Starts a call that can wait for answers of a client which can only be asked in the answer to its own request. */
export function createParkableCall({ owner, limits, run }: ParkableCallOptions): ParkableCall {
  const abort = new AbortController()
  const questions = new Map<
    string,
    { readonly question: Question; readonly settle: (outcome: RpcOutcome | undefined) => void }
  >()
  const unheard = createUnheard(limits)
  let attempt: Attempt | undefined
  /** How it ended: gives its answer, or throws what it threw. */
  let over: (() => Turn) | undefined
  let lastKey = 0
  let round = 0
  let wake = (): void => {}

  const drop = (key: string, outcome: RpcOutcome | undefined): void => {
    const entry = questions.get(key)
    questions.delete(key)
    entry?.settle(outcome)
  }
  const dropAll = (outcome: RpcOutcome | undefined): void => {
    for (const key of [...questions.keys()]) drop(key, outcome)
  }
  const ask: Asker = async (question) => {
    if (over !== undefined || abort.signal.aborted) return undefined
    lastKey += 1
    const key = `q${lastKey}`
    const answer = new Promise<RpcOutcome | undefined>((settle) => questions.set(key, { question, settle }))
    question.signal.addEventListener('abort', () => drop(key, undefined), { once: true })
    wake()
    return await answer
  }
  const onNotification = (notification: RpcNotification): void => {
    if (attempt === undefined) unheard.keep(notification)
    else tell(attempt, notification)
  }
  const end = (how: () => Turn): void => {
    over = how
    // They may be somebody else's: with several calls under way nobody says whose a question is.
    dropAll(undefined)
    wake()
  }
  const finish = (outcome: Relayed): void => {
    const isKept = attempt !== undefined || sizeOf(outcome.outcome) <= limits.parkedBytes
    const relayed = isKept ? outcome : tooLarge
    end(() => ({ relayed }))
  }
  const fail = (error: unknown): void => {
    // Kept for whoever attends, now or later: here it would be nobody's, which ends the process.
    end(() => {
      throw error
    })
  }
  run({ ask, onNotification, signal: abort.signal }).then(finish).catch(fail)

  const abandon = (): void => {
    abort.abort()
    dropAll(unanswered)
  }
  const next = async (): Promise<Turn> => {
    for (;;) {
      if (over !== undefined) return over()
      if (questions.size > 0) {
        // A backend that asks several things at once asks them of its client at once.
        await new Promise((resolve) => setTimeout(resolve, limits.gatherMs))
        if (over === undefined && questions.size > 0) return { inputRequests: asked() }
        continue
      }
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }
  const asked = (): Record<string, JsonObject> =>
    Object.fromEntries([...questions].map(([key, { question }]) => [key, embedded(question.request)]))
  return {
    id: randomBytes(16).toString('base64url'),
    owner,
    expiresAt: Number.POSITIVE_INFINITY,
    get round() {
      return round
    },
    get attended() {
      return attempt !== undefined
    },
    get finished() {
      return over !== undefined
    },
    async attend(current) {
      attempt = current
      for (const notification of unheard.take()) tell(current, notification)
      current.gone.addEventListener('abort', abandon, { once: true })
      if (current.gone.aborted) abandon()
      try {
        return await next()
      } finally {
        current.gone.removeEventListener('abort', abandon)
        attempt = undefined
      }
    },
    answer(responses) {
      const answers = [...questions.keys()].filter((key) => Object.hasOwn(responses, key))
      if (!answers.every((key) => isJsonObject(responses[key]))) return false
      if (answers.length > 0) round += 1
      for (const key of answers) {
        const result = responses[key]
        if (isJsonObject(result)) drop(key, { result })
      }
      return true
    },
    abandon,
  }
}

/** A question inside a result. There is no way to tell the progress of its answer. */
function embedded({ method, params }: RpcRequest): JsonObject {
  if (params === undefined) return { method }
  const { _meta, ...rest } = params
  const { progressToken, ...meta } = metaOf(params)
  return { method, params: Object.keys(meta).length === 0 ? rest : { ...rest, _meta: meta } }
}

/** Each request has a token of its own, and may have none. */
function tell({ progressToken, onNotification }: Attempt, notification: RpcNotification): void {
  if (notification.method !== 'notifications/progress') {
    onNotification(notification)
  } else if (progressToken !== undefined) {
    onNotification({ ...notification, params: { ...notification.params, progressToken } })
  }
}

/** What a backend says while nobody attends: so much of it and no more, the newest. */
function createUnheard({ parkedBytes, parkedNotifications }: ParkableCallOptions['limits']) {
  const kept: { readonly notification: RpcNotification; readonly size: number }[] = []
  let bytes = 0
  return {
    keep(notification: RpcNotification): void {
      const size = sizeOf(notification)
      kept.push({ notification, size })
      bytes += size
      while (kept.length > parkedNotifications || bytes > parkedBytes) bytes -= kept.shift()?.size ?? bytes
    },
    take(): RpcNotification[] {
      bytes = 0
      return kept.splice(0).map(({ notification }) => notification)
    },
  }
}

function sizeOf(message: RpcOutcome | RpcNotification): number {
  return Buffer.byteLength(JSON.stringify(message))
}

const unanswered = rpcError(rpcCodes.internalError, 'The client did not answer in time.')
const tooLarge: Relayed = {
  outcome: rpcError(
    rpcCodes.internalError,
    'The backend answered before it was answered, and at greater length than can be kept. Make the request anew.',
  ),
}
