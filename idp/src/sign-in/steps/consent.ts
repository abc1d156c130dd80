import { consentPage } from '../pages/consent-page.ts'
import { done, type Fields, type Reply, type Visit } from '../visit.ts'
import { userNameOf } from './user-name.ts'

export async function showConsent(visit: Visit): Promise<Reply> {
  const { frame, interaction, accounts, href } = visit
  const { client, resource, scopes, csrf, poolId, userId } = interaction
  const user = userId === undefined ? undefined : await accounts.find(poolId, userId)
  const userName = user === undefined ? '' : userNameOf(user)
  return {
    kind: 'page',
    html: consentPage(frame, { csrf, action: href('consent'), client, resource, scopes, userName }),
  }
}

/** Only the button that says so gives anything away. */
export async function takeConsent({ exchange }: Visit, fields: Fields): Promise<Reply> {
  const { req, res, interactions } = exchange
  await (fields['decision'] === 'allow' ? interactions.consented(req, res) : interactions.denied(req, res))
  return done
}
