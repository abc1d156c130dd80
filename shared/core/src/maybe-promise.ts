/** A value that is there already, or will be. */
export type MaybePromise<T> = T | Promise<T>

/** Calls `use` with the value: at once when it is there already, so that callers stay synchronous where they can. */
export function whenReady<T, R>(value: MaybePromise<T>, use: (value: T) => MaybePromise<R>): MaybePromise<R> {
  return value instanceof Promise ? value.then(use) : use(value)
}
