import type { SignInAttribute } from '../directory/types.ts'
import type { InteractionClient } from '../oidc/interactions.ts'
import type { UserCodeProblem } from '../oidc/pages.ts'
import { documentOf, type Html, html } from './html/html.ts'
import { type Language, wordingOf } from './language/wording.ts'
import { noticePage } from './pages/card.ts'
import { confirmPage } from './pages/confirm-page.ts'
import { consentPage } from './pages/consent-page.ts'
import { deviceConfirmPage, deviceDonePage, deviceInputPage } from './pages/device-pages.ts'
import { errorPage } from './pages/error-page.ts'
import { goOnPage } from './pages/go-on-page.ts'
import { newPasswordPage } from './pages/new-password-page.ts'
import { recoverPage, resetPage } from './pages/recovery-pages.ts'
import { signInPage } from './pages/sign-in-page.ts'
import { signedOutPage, signOutPage } from './pages/sign-out-pages.ts'
import { signUpPage } from './pages/sign-up-page.ts'

export const everyAttribute = ['preferred_username', 'email', 'phone_number'] as const satisfies SignInAttribute[]

const policy = {
  minLength: 8,
  requireUppercase: true,
  requireLowercase: true,
  requireNumbers: true,
  requireSymbols: false,
}

/**
 * Every page in each of its forms, as text by name, for tests.
 *
 * @param text stands wherever a text of a stranger may stand
 */
export function everyPage(text: string, language: Language = 'en'): ReadonlyMap<string, string> {
  const wording = wordingOf(language)
  const brand = { name: text, logoUri: undefined, host: text, root: '/pools/staff' }
  const frame = { wording, brand }
  const path = '/pools/staff/sign-in/uid'
  const posted = { csrf: text, action: path, xsrf: text }
  const told = { alert: text, problem: text }
  const untold = { alert: undefined, problem: undefined }
  const pages: [string, Html][] = [
    ...signInPages(),
    ...codePages(),
    ...consentPages(),
    ...devicePages(),
    ...errorPages(),
    ['go on', goOnPage(frame, path)],
    ['sign-out', signOutPage(frame, { ...posted, client: undefined })],
    ['sign-out asked', signOutPage(frame, { ...posted, client: clientOf({}) })],
    ['signed out', signedOutPage(frame)],
    ['notice', noticePage(frame, text, html`<p>${text}</p>`)],
    ['logo', noticePage({ wording, brand: { ...brand, logoUri: 'https://logo.example/a.svg' } }, text, '')],
    ['no pool', noticePage({ wording, brand: undefined }, text, text)],
  ]
  return new Map(pages.map(([name, page]) => [name, documentOf(page)]))

  function signInPages(): [string, Html][] {
    const model = {
      ...posted,
      cancelAction: path,
      signUpPath: path,
      recoverPath: path,
      clientName: text,
      attributes: everyAttribute,
      username: text,
      isRemembered: true,
    }
    const fields = everyAttribute.map((attribute) => ({ attribute, value: text, isRequired: attribute === 'email' }))
    const problems = { preferred_username: text, email: text, phone_number: text, password: text }
    const shown = { ...posted, signInPath: path, clientName: text, fields, policy }
    const signUp = { ...shown, atLeastOne: [], problems: {}, alert: undefined }
    return [
      ['sign-in', signInPage(frame, { ...model, alert: undefined })],
      ['sign-in closed', signInPage(frame, { ...model, signUpPath: undefined, recoverPath: undefined, ...told })],
      ['sign-up', signUpPage(frame, signUp)],
      ['sign-up problems', signUpPage(frame, { ...signUp, atLeastOne: everyAttribute, problems, alert: text })],
    ]
  }

  function codePages(): [string, Html][] {
    const confirm = { ...posted, sentTo: text, isSentAgain: false, outbox: undefined }
    const recover = { ...posted, signInPath: path, attributes: everyAttribute, username: text }
    const reset = { ...posted, recoverPath: path, name: text, policy }
    const noProblems = { codeProblem: undefined, passwordProblem: undefined, alert: undefined, outbox: undefined }
    return [
      ['confirm', confirmPage(frame, { ...confirm, ...untold })],
      ['confirm told', confirmPage(frame, { ...confirm, ...told, isSentAgain: true, outbox: text })],
      ['new password', newPasswordPage(frame, { ...posted, userName: text, policy, problem: undefined })],
      ['new password problem', newPasswordPage(frame, { ...posted, userName: text, policy, problem: text })],
      ['recover', recoverPage(frame, { ...recover, ...untold })],
      ['recover told', recoverPage(frame, { ...recover, ...told })],
      ['reset', resetPage(frame, { ...reset, ...noProblems })],
      ['reset code', resetPage(frame, { ...reset, ...noProblems, codeProblem: text, alert: text, outbox: text })],
      ['reset password', resetPage(frame, { ...reset, ...noProblems, passwordProblem: text })],
    ]
  }

  function clientOf(more: Partial<InteractionClient>): InteractionClient {
    return {
      clientId: text,
      name: text,
      known: 'registered',
      redirectUri: 'https://app.example/callback',
      redirectHost: text,
      loopbackOnly: false,
      ...more,
    }
  }

  function consentPages(): [string, Html][] {
    const scopes = [{ name: text, description: text }, { name: text }, { name: 'openid' }, { name: 'offline_access' }]
    const model = { ...posted, resource: { identifier: text, name: `${text} ` }, scopes, userName: text }
    const documentUrl = 'https://app.example:8443/client.json'
    const clients: Readonly<Record<string, InteractionClient>> = {
      registered: clientOf({}),
      dynamic: clientOf({ known: 'dynamic', loopbackOnly: true }),
      document: clientOf({ known: 'metadata_document', documentUrl }),
      scheme: clientOf({ redirectHost: `${text}:` }),
      device: clientOf({ redirectUri: undefined, redirectHost: undefined }),
    }
    const pages = Object.entries(clients).map(([name, client]): [string, Html] => {
      return [`consent ${name}`, consentPage(frame, { ...model, client })]
    })
    const bare = { ...model, client: clientOf({}), resource: undefined, scopes: [] }
    return [...pages, ['consent bare', consentPage(frame, bare)]]
  }

  function devicePages(): [string, Html][] {
    const problems: (UserCodeProblem | undefined)[] = [undefined, 'missing', 'unknown', 'expired', 'used', 'denied']
    const confirm = { ...posted, userCode: text, client: clientOf({}) }
    return [
      ...problems.map((problem): [string, Html] => {
        return [`device ${problem ?? ''}`, deviceInputPage(frame, { ...posted, userCode: text, problem })]
      }),
      ['device confirm', deviceConfirmPage(frame, { ...confirm, device: { ip: text, userAgent: text } })],
      ['device confirm bare', deviceConfirmPage(frame, { ...confirm, device: {} })],
      ['device done', deviceDonePage(frame)],
    ]
  }

  function errorPages(): [string, Html][] {
    const bare = { error: text, description: text, requestId: text }
    const full = { ...bare, error: 'invalid_redirect_uri', sent: text, expected: [text, text], mend: text }
    return [
      ['error', errorPage(frame, bare)],
      ['error full', errorPage(frame, full)],
    ]
  }
}
