import { authInfoOf, type HandlerContext } from './auth-info-of.ts'
import { ownerKey } from './sessions.ts'

/**
 * Binds what a server hands out to be handed back (`requestState` of MCP 2026-07-28, cursors, handles) to the caller who got it,
 * for `createRequestStateCodec` of SDK v2: to anybody else it is of no use, whatever token they have.
 *
 * @example
 * const codec = createRequestStateCodec({ key, bind: bindToCaller })
 */
export function bindToCaller(context: HandlerContext): string {
  return ownerKey(authInfoOf(context))
}
