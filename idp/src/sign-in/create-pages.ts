import type { IncomingMessage, ServerResponse } from 'node:http'
import type { PageFacts, Pages, RenderedPage } from '../oidc/pages.ts'
import { frameFor } from './brand.ts'
import { pageHeaders } from './headers.ts'
import { documentOf, type Html } from './html/html.ts'
import { createInteractionPages, type InteractionPagesOptions } from './interaction-pages.ts'
import type { Frame } from './look/frame.ts'
import { stylesheet } from './look/stylesheet.ts'
import { deviceConfirmPage, deviceDonePage, deviceInputPage } from './pages/device-pages.ts'
import { errorPage } from './pages/error-page.ts'
import { goOnPage } from './pages/go-on-page.ts'
import { signedOutPage, signOutPage } from './pages/sign-out-pages.ts'
import { stepPath } from './paths.ts'

/** The pages for people: rendered here, without any script. */
export function createPages(options: InteractionPagesOptions): Pages {
  const answerInteraction = createInteractionPages(options)
  return {
    asset(req, res, path) {
      if (path !== stylesheet.path) return false
      sendStylesheet(req, res)
      return true
    },
    async handle(exchange) {
      const { path } = exchange
      if (path !== '/sign-in' && !path.startsWith('/sign-in/')) return false
      await answerInteraction(exchange)
      return true
    },
    interactionPath: (uid) => stepPath(uid),
    error: (facts) => rendered(facts, false, (frame) => errorPage(frame, facts)),
    deviceInput: (facts) =>
      rendered(facts, true, (frame) => deviceInputPage(frame, { ...facts, userCode: facts.userCode ?? '' })),
    deviceConfirm: (facts) => rendered(facts, true, (frame) => deviceConfirmPage(frame, facts)),
    deviceDone: (facts) => rendered(facts, false, deviceDonePage),
    logout: (facts) => rendered(facts, true, (frame) => signOutPage(frame, facts), facts.returnsToClient),
    goOn: (facts) => rendered(facts, false, (frame) => goOnPage(frame, facts.to), true),
    loggedOut: (facts) => rendered(facts, false, signedOutPage),
  }
}

function rendered(
  facts: PageFacts,
  hasForm: boolean,
  page: (frame: Frame) => Html,
  returnsToClient = false,
): RenderedPage {
  const frame = frameFor(facts)
  return { html: documentOf(page(frame)), headers: pageHeaders({ brand: frame.brand, hasForm, returnsToClient }) }
}

/** Its name changes with its content: whoever has it never asks again. */
function sendStylesheet(req: IncomingMessage, res: ServerResponse): void {
  if (req.method !== 'GET' && req.method !== 'HEAD') {
    res.writeHead(405, { allow: 'GET, HEAD', 'content-length': '0', connection: 'close' }).end()
    return
  }
  res.writeHead(200, {
    'content-type': 'text/css; charset=utf-8',
    'content-length': Buffer.byteLength(stylesheet.text),
    'cache-control': 'public, max-age=31536000, immutable',
    'x-content-type-options': 'nosniff',
  })
  res.end(stylesheet.text)
}
