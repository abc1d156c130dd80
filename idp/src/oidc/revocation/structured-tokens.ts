import type { KoaContextWithOIDC } from 'oidc-provider'
import { exchangeOf } from '../exchange.ts'
import type { LibraryClient } from '../library-clients.ts'
import type { OpenPool } from '../open-pools.ts'

/** What is done with an access token of the house's form, for a client that has authenticated. */
export interface AnswerTokens {
  /** The whole body of the answer (RFC 7662 §2.2). */
  introspect(opened: OpenPool, client: LibraryClient, token: string): Promise<object>
  /** Does nothing where the token is none, or another client's (RFC 7009 §2.2). */
  revoke(opened: OpenPool, client: LibraryClient, token: string): Promise<void>
}

/**
 * Answers about JWT access tokens in the place of oidc-provider, which knows opaque ones only: with anything of a JWT's
 * form it authenticates the client, and then answers that it does not take such tokens. From there on it is ours, so that
 * client authentication stands in one place. A middleware of the library's (`provider.use`), after its own.
 */
export function structuredTokens({ introspect, revoke }: AnswerTokens) {
  return async (ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> => {
    await next()
    const asked = askedToken(ctx)
    if (asked === undefined) return
    const { opened } = exchangeOf(ctx.req)
    if (ctx.oidc.route === 'introspection') {
      ctx.body = await introspect(opened, asked.client, asked.token)
    } else {
      await revoke(opened, asked.client, asked.token)
      ctx.body = ''
    }
    ctx.status = 200
  }
}

interface AskedToken {
  readonly client: LibraryClient
  readonly token: string
}

/** What the library refused for nothing but the form of the token; it looks at that last. */
function askedToken(ctx: KoaContextWithOIDC): AskedToken | undefined {
  // A path that is none of the library's has no `oidc`.
  if (ctx.oidc?.route !== 'introspection' && ctx.oidc?.route !== 'revocation') return undefined
  const { body } = ctx
  const isOurs = isRecord(body) && body['error'] === 'unsupported_token_type'
  const { client, params } = ctx.oidc
  const token = params?.['token']
  return isOurs && client !== undefined && typeof token === 'string' ? { client, token } : undefined
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
