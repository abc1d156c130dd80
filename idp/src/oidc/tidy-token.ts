import type { KoaContextWithOIDC } from 'oidc-provider'
import { limits } from '../limits.ts'

/** Mends what the library answers: an empty `scope` is none (RFC 6749 §3.3), and devices are told how often to ask. */
export async function tidyToken(ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> {
  await next()
  const body: unknown = ctx.body
  if (ctx.status !== 200 || body === null || typeof body !== 'object') return
  if (ctx['routerName'] === 'token' && 'scope' in body && body.scope === '') ctx.body = { ...body, scope: undefined }
  if (ctx['routerName'] === 'device_authorization') ctx.body = { ...body, interval: limits.devicePollSeconds }
}
