import { type Clock, constantTimeEqual } from '@postern/core'
import type { Logger, Sealer } from '@postern/server'
import { DirectoryError } from '../directory/directory-error.ts'
import type { Accounts } from '../directory/types.ts'
import { isForeign } from '../oidc/foreign.ts'
import { readForm } from '../oidc/form.ts'
import { type Interaction, InteractionGone } from '../oidc/interactions.ts'
import type { PageExchange } from '../oidc/pages.ts'
import { Refusal } from '../oidc/refusal.ts'
import { brandOf, frameOf } from './brand.ts'
import { goOnPage } from './pages/go-on-page.ts'
import { parseStepPath, stepPath } from './paths.ts'
import { refusePage } from './refusal-page.ts'
import { sendPage, sendTo } from './send.ts'
import { createSteps } from './step-cookie.ts'
import { stepPages } from './steps/steps.ts'
import type { Fields, Reply, StepPage, Visit } from './visit.ts'

export interface InteractionPagesOptions {
  readonly accounts: Accounts
  /** Seals what one page leaves for the next. */
  readonly sealer: Sealer
  readonly clock: Clock
  readonly log: Logger
  /** In development: where codes wait for who would have been sent them. */
  readonly outbox: string | undefined
}

const noFields: Fields = {}

/**
 * Answers the pages of interactions. Whatever is refused or breaks ends in a page, for a person reads it; what the
 * directory refuses has changed under the person's hands.
 */
export function createInteractionPages(options: InteractionPagesOptions) {
  return async (exchange: PageExchange): Promise<void> => {
    try {
      await answer(exchange)
    } catch (error) {
      if (error instanceof InteractionGone || error instanceof DirectoryError) return refuseGone(exchange)
      const { res, requestId, opened } = exchange
      options.log.error({ err: error, requestId, poolId: opened.pool.id }, 'a page failed')
      if (res.headersSent) res.destroy()
      else refusePage(exchange, 'failed')
    }
  }

  async function answer(exchange: PageExchange): Promise<void> {
    const { req, res } = exchange
    const page = pageOf(exchange)
    if (page === undefined) return
    const interaction = await exchange.interactions.read(req, res)
    if (interaction === undefined) return refuseGone(exchange)
    const visit = visitOf(exchange, interaction)
    const isWaitedFor = page.prompt === 'any' || page.prompt === interaction.prompt
    const fields = req.method === 'POST' ? await readFields(visit) : noFields
    if (fields === undefined) return
    if (!isWaitedFor) return send(visit, { kind: 'go', to: '' })
    send(visit, await (req.method === 'POST' ? page.take : page.show)?.(visit, fields))
  }

  function visitOf(exchange: PageExchange, interaction: Interaction): Visit {
    const { opened, req } = exchange
    const brand = brandOf(opened)
    const { uiLocales, uid } = interaction
    return {
      exchange,
      interaction,
      accounts: options.accounts,
      frame: frameOf(brand, { uiLocales, acceptLanguage: req.headers['accept-language'] }),
      steps: createSteps({ ...options, poolId: opened.pool.id, issuer: opened.issuer }),
      outbox: options.outbox,
      href: (name) => brand.root + stepPath(uid, name),
    }
  }
}

function send({ exchange, frame, interaction, steps, href }: Visit, reply: Reply | undefined): void {
  const { res } = exchange
  if (reply === undefined) return
  const returnsToClient = interaction.client.redirectUri !== undefined
  if (reply.kind === 'on') {
    sendPage(res, { brand: frame.brand, returnsToClient, hasForm: false, status: 200, html: goOnPage(frame, reply.to) })
    return
  }
  if (reply.kind === 'go') {
    if (reply.step !== undefined) steps.write(res, interaction.uid, reply.step)
    sendTo(res, href(reply.to) + (reply.query ?? ''))
    return
  }
  const { html, status = 200, retryAfter } = reply
  const headers: Record<string, string> = retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }
  sendPage(res, { brand: frame.brand, returnsToClient, hasForm: true, status, html, headers })
}

/** The page that a request is for; undefined: there is none, or not in this way, and that was answered. */
function pageOf(exchange: PageExchange): StepPage | undefined {
  const { req, path, opened } = exchange
  const target = parseStepPath(path)
  if (target === undefined) {
    refusePage(exchange, 'notFound')
    return undefined
  }
  const page = stepPages[target.name]
  const methods = methodsOf(page)
  if (!methods.includes(req.method ?? '')) {
    refusePage(exchange, 'method', { headers: { allow: methods.join(', ') } })
    return undefined
  }
  if (req.method === 'POST' && isForeign(req, new URL(opened.issuer).origin)) {
    refusePage(exchange, 'foreign')
    return undefined
  }
  return page
}

function methodsOf({ show, take }: StepPage): string[] {
  return [...(show === undefined ? [] : ['GET', 'HEAD']), ...(take === undefined ? [] : ['POST'])]
}

/** Without any cookie, the browser may well keep none. */
function refuseGone(exchange: PageExchange): void {
  refusePage(exchange, exchange.req.headers.cookie === undefined ? 'cookies' : 'gone')
}

/** The form of a page, with the token that only our pages of this interaction have; undefined: refused already. */
async function readFields({ exchange, interaction }: Visit): Promise<Fields | undefined> {
  try {
    const { params } = await readForm(exchange.req)
    const fields = Object.entries(params).filter((entry): entry is [string, string] => isText(entry[1]))
    const given = Object.fromEntries(fields)
    if (constantTimeEqual(given['csrf'] ?? '', interaction.csrf)) return given
    refusePage(exchange, 'foreign')
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    refusePage(exchange, 'form', { status: error.status })
  }
  return undefined
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}
