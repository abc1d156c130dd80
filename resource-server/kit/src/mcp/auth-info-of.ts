import { type AuthInfo, isAuthInfo } from '../auth-info.ts'

/** Where the SDKs give a handler its caller: `extra` of v1, `ctx` of v2, the context of v2's server factory. */
export interface HandlerContext {
  readonly authInfo?: unknown
  readonly http?: { readonly authInfo?: unknown } | undefined
}

/**
 * The caller, inside a tool, prompt or resource of either SDK generation: what the guard has verified, typed and frozen.
 * Throws a TypeError where no guard of the kit let the request pass.
 */
export function authInfoOf(context: HandlerContext): AuthInfo {
  const auth = context.http?.authInfo ?? context.authInfo
  if (!isAuthInfo(auth)) throw new TypeError('this request has not passed guard()')
  return auth
}
