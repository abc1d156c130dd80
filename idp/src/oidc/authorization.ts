import { errors, interactionPolicy } from 'oidc-provider'

const { Check, Prompt } = interactionPolicy

const text =
  'this provider has no sign-in pages, so no person can sign in; machine clients get tokens with grant_type=client_credentials'

/**
 * The interaction policy while there are no sign-in pages. Requests to the authorization endpoint are validated like
 * any other (client, redirect URI, PKCE, resource), and then refused in the way that OAuth has for it: the client
 * gets `access_denied` at its redirect URI, with `state` and `iss`; `prompt=none` gets `login_required`.
 */
export function noSignIn(): interactionPolicy.Prompt[] {
  const refuse = new Check('no_sign_in', text, (ctx) => {
    if (ctx.oidc.promptPending('none')) return Check.REQUEST_PROMPT
    throw new errors.AccessDenied(text)
  })
  return [new Prompt({ name: 'login', requestable: true }, refuse)]
}
