// For tests: pages without looks, for the flows behind them.
import type { ServerResponse } from 'node:http'
import type { Directory } from '../directory/types.ts'
import { readForm } from './form.ts'
import { InteractionGone } from './interactions.ts'
import type { PageExchange, Pages, RenderedPage } from './pages.ts'

/** A form with what a test has to send back, and everything else as JSON. */
function page(facts: object): RenderedPage {
  return { html: JSON.stringify(facts, (key, value) => (key === 'opened' ? undefined : value)), headers: {} }
}

/**
 * Pages that a test answers with forms: GET says what is asked, POST with `as=<name>`, `consent=yes`, `deny=yes` or
 * `cancel=yes` answers.
 */
export function plainPages(directory: Directory): Pages {
  return {
    asset: () => false,
    async handle(exchange) {
      if (!exchange.path.startsWith('/sign-in/')) return false
      try {
        await (exchange.req.method === 'POST' ? post(exchange) : get(exchange))
      } catch (error) {
        if (!(error instanceof InteractionGone)) throw error
        send(exchange.res, 410, { gone: true })
      }
      return true
    },
    interactionPath: (uid) => `/sign-in/${uid}`,
    error: page,
    deviceInput: page,
    deviceConfirm: page,
    deviceDone: page,
    logout: page,
    goOn: ({ to }) => ({
      html: `<meta http-equiv="refresh" content="0; url=${to.replaceAll('&', '&amp;')}">`,
      headers: {},
    }),
    loggedOut: page,
  }

  async function get({ interactions, req, res }: PageExchange): Promise<void> {
    const interaction = await interactions.read(req, res)
    if (interaction === undefined) throw new InteractionGone()
    send(res, 200, interaction)
  }

  async function post({ interactions, opened, req, res }: PageExchange): Promise<void> {
    const { params } = await readForm(req)
    if (params['deny'] !== undefined) return goOn(res, await interactions.denied(req, res))
    if (params['cancel'] !== undefined) return goOn(res, await interactions.cancelled(req, res))
    if (params['consent'] !== undefined) return goOn(res, await interactions.consented(req, res))
    const user = await directory.accounts.findByName(opened.pool.id, String(params['as']))
    if (user === undefined) return send(res, 400, { error: 'nobody' })
    goOn(res, await interactions.signedIn(req, res, { userId: user.id }))
  }
}

function goOn(res: ServerResponse, location: string): void {
  res.writeHead(303, { location }).end()
}

function send(res: ServerResponse, status: number, body: object): void {
  res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
