import type { errors, KoaContextWithOIDC } from 'oidc-provider'
import type { HotClient } from '../directory/types.ts'
import { clientFacts } from './interaction-facts.ts'
import type { LibraryClient } from './library-clients.ts'
import { pageFacts, sendPage, xsrfOf } from './page-answers.ts'
import type { Pages, UserCodeProblem } from './pages.ts'
import type { Throttle } from './throttle.ts'
import { countWrongCode } from './user-code-guard.ts'

export interface DeviceFlowOptions {
  readonly pages: Pages
  /** Our record of a client of the library. */
  readonly clientOf: (client: LibraryClient) => HotClient
  /** Counts wrong user codes. */
  readonly userCodes: Throttle
}

const problems: Readonly<Record<string, UserCodeProblem>> = {
  NoCodeError: 'missing',
  NotFoundError: 'unknown',
  ExpiredError: 'expired',
  AlreadyUsedError: 'used',
  AbortedError: 'denied',
}

const userAgentLength = 200

/** The device grant (RFC 8628) with pages of the house. */
export function deviceFlow({ pages, clientOf, userCodes }: DeviceFlowOptions) {
  return {
    enabled: true,
    charset: 'base-20',
    mask: '****-****',
    deviceInfo: (ctx: KoaContextWithOIDC) => ({
      ip: ctx.req.socket.remoteAddress,
      userAgent: ctx.get('user-agent').slice(0, userAgentLength),
    }),
    userCodeInputSource(ctx: KoaContextWithOIDC, _form: string, _out?: unknown, error?: CodeError) {
      const problem = error && (problems[error.name] ?? 'failed')
      if (problem === 'unknown') countWrongCode(userCodes, ctx)
      sendPage(ctx, pages.deviceInput({ ...formFacts(ctx), problem, userCode: error?.userCode ?? presetCode(ctx) }))
    },
    userCodeConfirmSource(
      ctx: KoaContextWithOIDC,
      _form: string,
      client: LibraryClient,
      device: Readonly<Record<string, unknown>>,
      userCode: string,
    ) {
      const { ip, userAgent } = device
      sendPage(
        ctx,
        pages.deviceConfirm({
          ...formFacts(ctx),
          userCode,
          client: clientFacts(clientOf(client), undefined),
          device: {
            ip: typeof ip === 'string' ? ip : undefined,
            userAgent: typeof userAgent === 'string' ? userAgent : undefined,
          },
        }),
      )
    },
    successSource(ctx: KoaContextWithOIDC) {
      const { client } = ctx.oidc
      sendPage(
        ctx,
        pages.deviceDone({
          ...pageFacts(ctx),
          client: client && clientFacts(clientOf(client), undefined),
        }),
      )
    },
  } as const
}

type CodeError = (errors.OIDCProviderError | Error) & { readonly userCode?: string }

function formFacts(ctx: KoaContextWithOIDC) {
  return { ...pageFacts(ctx), action: ctx.oidc.urlFor('code_verification'), xsrf: xsrfOf(ctx) }
}

const presets = new WeakMap<object, string>()

function presetCode(ctx: KoaContextWithOIDC): string | undefined {
  return presets.get(ctx.req)
}

const longestCode = 40

/**
 * A user code that comes with the link (`verification_uri_complete`) is filled into the form, and the person compares
 * it (RFC 8628 §3.3.1). Left to itself the library submits the form with a script.
 */
export async function presetUserCode(ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> {
  const { user_code: code, ...others } = ctx.query
  if (ctx.method === 'GET' && ctx.path === '/device' && code !== undefined) {
    if (typeof code === 'string') presets.set(ctx.req, code.slice(0, longestCode))
    ctx.query = others
  }
  await next()
}
