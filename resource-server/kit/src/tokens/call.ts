import type { MaybePromise, Reason } from '@postern/core'
import { limits } from '../limits.ts'
import { Refusal } from '../refusal.ts'

/**
 * Calls a function of the host's and waits for it no longer than `timeoutMs`: what takes longer is refused as
 * `temporarily_unavailable`, what it throws becomes a refusal whose text tells nothing. Synchronous where it is.
 */
export function callHost<T>(
  call: (signal: AbortSignal) => MaybePromise<T>,
  { failure, timeoutMs = limits.callTimeoutMs }: { readonly failure: Failure; readonly timeoutMs?: number },
): MaybePromise<T> {
  const controller = new AbortController()
  try {
    const value = call(controller.signal)
    return isThenable(value) ? settle(value, controller, timeoutMs, failure) : value
  } catch (error) {
    throw failure(error)
  }
}

/** What to make of an error of the host's. */
export type Failure = (error: unknown) => Refusal

/** The usual one: a fixed reason, whatever the error was. */
export function failWith(reason: Reason): Failure {
  return (error) => (error instanceof Refusal ? error : new Refusal(reason))
}

function isThenable<T>(value: MaybePromise<T>): value is Promise<T> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}

async function settle<T>(
  work: Promise<T>,
  controller: AbortController,
  timeoutMs: number,
  failure: Failure,
): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      controller.abort()
      reject(new Refusal('timeout'))
    }, timeoutMs)
  })
  try {
    return await Promise.race([work, late])
  } catch (error) {
    throw error instanceof Refusal ? error : failure(error)
  } finally {
    clearTimeout(timer)
  }
}
