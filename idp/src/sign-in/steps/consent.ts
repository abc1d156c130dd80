import { consentPage } from '../pages/consent-page.ts'
import type { Fields, Reply, Visit } from '../visit.ts'
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
  const isAllowed = fields['decision'] === 'allow'
  return { kind: 'on', to: await (isAllowed ? interactions.consented(req, res) : interactions.denied(req, res)) }
}
