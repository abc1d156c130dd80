import type { PageExchange, PageFacts, Pages, RenderedPage } from '../oidc/pages.ts'
import { frameFor } from './brand.ts'
import { pageHeaders } from './headers.ts'
import { documentOf, type Html } from './html/html.ts'
import { createInteractionPages, type InteractionPagesOptions } from './interaction-pages.ts'
import type { Frame } from './look/frame.ts'
import { stylesheet } from './look/stylesheet.ts'
import { deviceConfirmPage, deviceDonePage, deviceInputPage } from './pages/device-pages.ts'
import { errorPage } from './pages/error-page.ts'
import { signedOutPage, signOutPage } from './pages/sign-out-pages.ts'
import { stepPath } from './paths.ts'

/** The pages for people: rendered here, without any script. */
export function createPages(options: InteractionPagesOptions): Pages {
  const answerInteraction = createInteractionPages(options)
  return {
    async handle(exchange) {
      const { path } = exchange
      if (path === stylesheet.path) sendStylesheet(exchange)
      else if (path === '/sign-in' || path.startsWith('/sign-in/')) await answerInteraction(exchange)
      else return false
      return true
    },
    interactionPath: (uid) => stepPath(uid),
    error: (facts) => rendered(facts, false, (frame) => errorPage(frame, facts)),
    deviceInput: (facts) =>
      rendered(facts, true, (frame) => deviceInputPage(frame, { ...facts, userCode: facts.userCode ?? '' })),
    deviceConfirm: (facts) => rendered(facts, true, (frame) => deviceConfirmPage(frame, facts)),
    deviceDone: (facts) => rendered(facts, false, deviceDonePage),
    logout: (facts) => rendered(facts, true, (frame) => signOutPage(frame, facts), facts.redirectUri),
    loggedOut: (facts) => rendered(facts, false, signedOutPage),
  }
}

function rendered(
  facts: PageFacts,
  hasForm: boolean,
  page: (frame: Frame) => Html,
  redirectUri?: string,
): RenderedPage {
  const frame = frameFor(facts)
  return { html: documentOf(page(frame)), headers: pageHeaders({ brand: frame.brand, hasForm, redirectUri }) }
}

/** Its name changes with its content: whoever has it never asks again. */
function sendStylesheet({ req, res }: PageExchange): void {
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
