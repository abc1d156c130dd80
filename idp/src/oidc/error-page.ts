import type { ErrorOut, errors, KoaContextWithOIDC } from 'oidc-provider'
import type { HotClient } from '../directory/types.ts'
import type { LibraryClient } from './library-clients.ts'
import { pageFacts, sendPage } from './page-answers.ts'
import type { ErrorFacts, Pages } from './pages.ts'
import { looksLikeDocumentUrl } from './registration/document-url.ts'
import { diagnoseRedirect } from './registration/redirect-diagnosis.ts'

/** Where browsers come. The answers of all other endpoints are JSON by their RFCs, whatever is accepted. */
const pageRoutes: ReadonlySet<string> = new Set([
  'authorization',
  'resume',
  'code_verification',
  'device_resume',
  'end_session',
  'end_session_confirm',
  'end_session_success',
])

const shownLength = 300

/** Answers an error that has nowhere else to go: with a page where a browser asks for one, else with JSON. */
export function errorAnswer(pages: Pages, clientOf: (client: LibraryClient) => HotClient) {
  return (ctx: KoaContextWithOIDC, out: ErrorOut, error: errors.OIDCProviderError | Error): void => {
    const { error: code, error_description: description = '' } = out
    if (!pageRoutes.has(ctx.oidc.route) || ctx.accepts('json', 'html') !== 'html') {
      ctx.set('cache-control', 'no-store')
      ctx.body = { error: code, error_description: description }
      return
    }
    sendPage(ctx, pages.error({ ...pageFacts(ctx), error: code, description, ...advice(ctx, code, error, clientOf) }))
  }
}

type Advice = Pick<ErrorFacts, 'sent' | 'expected' | 'mend'>

function advice(
  ctx: KoaContextWithOIDC,
  code: string,
  error: Error,
  clientOf: (client: LibraryClient) => HotClient,
): Advice {
  switch (code) {
    case 'invalid_redirect_uri':
      return redirectAdvice(ctx, clientOf)
    case 'invalid_client':
      return {
        sent: sentText(ctx, 'client_id'),
        mend: looksLikeDocumentUrl(sentText(ctx, 'client_id') ?? '')
          ? 'Whoever makes the application has to correct the document at its client_id; then start again.'
          : 'Use the id of a client of this pool; or remove the saved registration from the application, and let it register again.',
      }
    case 'invalid_request':
      return error.name === 'SessionNotFound'
        ? { mend: 'Go back to the application and start again: this sign-in has expired, or began in another browser.' }
        : {}
    default:
      return {}
  }
}

function redirectAdvice(ctx: KoaContextWithOIDC, clientOf: (client: LibraryClient) => HotClient): Advice {
  const { client } = ctx.oidc
  const sent = sentText(ctx, 'redirect_uri')
  if (client === undefined || sent === undefined) return { sent }
  const { expected, mend } = diagnoseRedirect(clientOf(client), sent)
  return { sent, expected, mend }
}

function sentText(ctx: KoaContextWithOIDC, name: string): string | undefined {
  const value = ctx.oidc.params?.[name] ?? ctx.query[name]
  return typeof value === 'string' ? value.slice(0, shownLength) : undefined
}
