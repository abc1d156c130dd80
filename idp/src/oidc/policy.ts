import { interactionPolicy, type KoaContextWithOIDC } from 'oidc-provider'
import type { HotClient } from '../directory/types.ts'
import type { LibraryClient } from './library-clients.ts'
import { applicationTypeOf } from './registration/redirect-uri.ts'
import { isUnattended } from './unattended.ts'

const { base, Check } = interactionPolicy

/**
 * What a person has to do before a request is answered: sign in, then consent. The library's own policy, with an
 * account that is gone treated as nobody signed in, and with consent as this house understands it.
 *
 * @param clientOf our record of a client of the library
 */
export function signInPolicy(clientOf: (client: LibraryClient) => HotClient): interactionPolicy.DefaultPolicy {
  const policy = base()
  const gone = new Check('account_gone', 'the account that was signed in is gone or disabled', ({ oidc }) =>
    oidc.session?.accountId && oidc.account === undefined ? Check.REQUEST_PROMPT : Check.NO_NEED_TO_PROMPT,
  )
  // Before the others: they take the account of a session for granted.
  policy.get('login')?.checks.add(gone, 0)
  const consent = policy.get('consent')
  consent?.checks.remove('native_client_prompt')
  consent?.checks.add(
    new Check('native_client', 'native clients need the consent of the person each time', (ctx) =>
      needsConsentEachTime(ctx, clientOf) ? Check.REQUEST_PROMPT : Check.NO_NEED_TO_PROMPT,
    ),
  )
  return policy
}

/**
 * RFC 8252 §8.6: who answers at a loopback port or a private scheme may be any program on the machine, so a consent
 * that was given once says nothing about who asks now. Whoever runs the pool may vouch for a client.
 */
function needsConsentEachTime(
  { oidc, req }: KoaContextWithOIDC,
  clientOf: (client: LibraryClient) => HotClient,
): boolean {
  const { client } = oidc
  if (isUnattended(req)) return false
  if (client === undefined || oidc.result?.consent !== undefined || clientOf(client).skipConsentEnabled) return false
  return applicationTypeOf(clientOf(client).redirectUris) === 'native' && oidc.deviceCode === undefined
}
