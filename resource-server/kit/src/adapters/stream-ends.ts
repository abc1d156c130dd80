import type { ServerResponse } from 'node:http'
import type { AuthInfo } from '../auth-info.ts'
import { limits } from '../limits.ts'
import type { GuardOptions, ResourceServer } from '../resource-server.ts'

/** Sees to it that a response does not outlive the token that it was started with. */
export type EndWithToken = (res: ServerResponse, auth: AuthInfo) => void

/**
 * Ends responses that are still streaming when the token of their caller is over, its clock tolerance included. One timer
 * looks after all of them while there are any, and keeps no process alive. A response of a known type other than
 * text/event-stream is left to finish.
 */
export function createStreamEnds(rs: ResourceServer, { endStreams = true }: GuardOptions): EndWithToken {
  if (!endStreams) return () => undefined
  const open = new Map<ServerResponse, AuthInfo>()
  let timer: ReturnType<typeof setInterval> | undefined
  const check = (): void => {
    for (const [res, auth] of open) {
      if (rs.remaining(auth) > 0 || !isStreaming(res)) continue
      open.delete(res)
      // Who goes on writing must meet a closed response, and not an error that nobody listens for.
      res.on('error', () => undefined)
      res.end()
    }
    if (open.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
  function forget(this: ServerResponse): void {
    open.delete(this)
  }
  return (res, auth) => {
    if (auth.expiresAt === undefined) return
    open.set(res, auth)
    res.on('close', forget)
    timer ??= setInterval(check, limits.streamCheckMs).unref()
  }
}

/** Headers that `writeHead` was given at once are not to be seen, so an unknown type counts as a stream. */
function isStreaming(res: ServerResponse): boolean {
  if (!res.headersSent || res.writableEnded) return false
  const type = res.getHeader('content-type')?.toString()
  return type === undefined || type.startsWith('text/event-stream')
}

/**
 * The same for frameworks whose handlers run later, so that nobody can know yet whether they will stream: it looks at the head of the
 * answer, and watches those alone that may go on for long.
 */
export function createLateStreamEnds(rs: ResourceServer, options: GuardOptions): EndWithToken {
  if (options.endStreams === false) return () => undefined
  const endWithToken = createStreamEnds(rs, options)
  return (res, auth) => {
    if (auth.expiresAt === undefined) return
    const { writeHead } = res
    const watching = (...args: unknown[]): unknown => {
      const written: unknown = Reflect.apply(writeHead, res, args)
      if (mayStream(res, args)) endWithToken(res, auth)
      return written
    }
    Object.assign(res, { writeHead: watching })
  }
}

/** By the headers that were set one by one and those that `writeHead` was given at once, as an object or a flat list. */
function mayStream(res: ServerResponse, args: readonly unknown[]): boolean {
  const given = namesAndValues(args.at(-1))
  const find = (name: string): unknown =>
    given.find(([known]) => known.toLowerCase() === name)?.[1] ?? res.getHeader(name)
  const type = find('content-type')
  return type === undefined ? find('content-length') === undefined : String(type).startsWith('text/event-stream')
}

function namesAndValues(headers: unknown): readonly (readonly [string, unknown])[] {
  if (typeof headers !== 'object' || headers === null) return []
  if (!Array.isArray(headers)) return Object.entries(headers)
  if (Array.isArray(headers[0])) return headers.map(([name, value]: unknown[]) => [String(name), value])
  return headers.flatMap((name: unknown, index) =>
    index % 2 === 0 ? [[String(name), headers[index + 1]] as const] : [],
  )
}
