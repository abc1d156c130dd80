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
