import { createHmac } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type Provider from 'oidc-provider'
import { errors } from 'oidc-provider'
import type { Clients } from './clients.ts'
import { exchangeOf } from './exchange.ts'
import { clientFacts, resourceFacts, scopeFacts } from './interaction-facts.ts'
import { type Interaction, InteractionGone, type Interactions, type SignedIn } from './interactions.ts'

export interface PoolInteractionsOptions {
  readonly provider: Provider
  readonly clients: Clients
  /** Makes the tokens that posts carry. */
  readonly csrfKey: string
}

type Pending = Awaited<ReturnType<Provider['interactionDetails']>>

const denial = { error: 'access_denied', error_description: 'the person did not allow it' }
const cancellation = { error: 'access_denied', error_description: 'the person did not sign in' }

/** The interactions of one pool, over its instance of oidc-provider. */
export function createPoolInteractions({ provider, clients, csrfKey }: PoolInteractionsOptions): Interactions {
  return {
    async read(req, res) {
      const pending = await find(req, res)
      return pending && (await tell(req, pending))
    },
    async signedIn(req, res, { userId, remember = true }: SignedIn) {
      const pending = await expect(req, res, 'login')
      await endOtherSession(req, res, pending, userId)
      pending.result = { login: { accountId: userId, remember, amr: ['pwd'] } }
      return await finish(pending)
    },
    async consented(req, res) {
      const pending = await expect(req, res, 'consent')
      const grantId = await grantWhatIsMissing(pending)
      pending.result = { ...pending.lastSubmission, consent: { grantId } }
      return await finish(pending)
    },
    async denied(req, res) {
      const pending = await expect(req, res)
      pending.result = denial
      return await finish(pending)
    },
    async cancelled(req, res) {
      const pending = await expect(req, res)
      pending.result = cancellation
      return await finish(pending)
    },
  }

  /** By the interaction's cookie, which must agree with the path: a form of one interaction never answers another. */
  async function find(req: IncomingMessage, res: ServerResponse): Promise<Pending | undefined> {
    try {
      const pending = await provider.interactionDetails(req, res)
      return pending.uid === uidOf(req) ? pending : undefined
    } catch (error) {
      if (error instanceof errors.SessionNotFound) return undefined
      throw error
    }
  }

  async function expect(req: IncomingMessage, res: ServerResponse, prompt?: string): Promise<Pending> {
    const pending = await find(req, res)
    if (pending === undefined || (prompt !== undefined && pending.prompt.name !== prompt)) throw new InteractionGone()
    return pending
  }

  async function tell(req: IncomingMessage, pending: Pending): Promise<Interaction | undefined> {
    const { opened } = exchangeOf(req)
    const { params, prompt, session } = pending
    const client = await clients.find(opened, textOf(params['client_id']) ?? '')
    if (client === undefined || (prompt.name !== 'login' && prompt.name !== 'consent')) return undefined
    return {
      uid: pending.uid,
      prompt: prompt.name,
      poolId: opened.pool.id,
      client: clientFacts(client, textOf(params['redirect_uri'])),
      resource: resourceFacts(opened.pool, params),
      scopes: scopeFacts(opened.pool, params),
      loginHint: textOf(params['login_hint']),
      uiLocales: textOf(params['ui_locales']),
      userId: session?.accountId,
      csrf: csrfOf(opened.pool.id, pending),
    }
  }

  function csrfOf(poolId: string, { uid, cid }: Pending): string {
    return createHmac('sha256', csrfKey)
      .update(JSON.stringify(['interaction', poolId, uid, cid]))
      .digest('base64url')
  }

  /**
   * Whoever was signed in here before and is somebody else is signed out. (Left to itself the library does so by a page
   * that posts itself with a script.)
   */
  async function endOtherSession(req: IncomingMessage, res: ServerResponse, pending: Pending, userId: string) {
    const session = await provider.Session.get(provider.createContext(req, res))
    if (session.accountId === undefined || session.accountId === userId) return
    await session.destroy()
    pending.session = undefined
  }

  async function grantWhatIsMissing({ grantId, session, params, prompt }: Pending): Promise<string> {
    const accountId = session?.accountId
    const clientId = textOf(params['client_id'])
    if (accountId === undefined || clientId === undefined) throw new InteractionGone()
    const known = grantId === undefined ? undefined : await provider.Grant.find(grantId)
    const grant = known ?? new provider.Grant({ accountId, clientId })
    addMissing(grant, prompt.details)
    return await grant.save()
  }
}

/** What the consent prompt of the library says is asked for and not granted yet. */
function addMissing(grant: InstanceType<Provider['Grant']>, details: Pending['prompt']['details']): void {
  const { missingOIDCScope, missingOIDCClaims, missingResourceScopes } = details
  if (isTexts(missingOIDCScope)) grant.addOIDCScope([...missingOIDCScope])
  if (isTexts(missingOIDCClaims)) grant.addOIDCClaims([...missingOIDCClaims])
  for (const [resource, scopes] of Object.entries(missingResourceScopes ?? {})) {
    if (isTexts(scopes)) grant.addResourceScope(resource, [...scopes])
  }
}

async function finish(pending: Pending): Promise<string> {
  await pending.persist()
  return new URL(pending.returnTo).pathname
}

function uidOf({ url = '' }: IncomingMessage): string | undefined {
  const [path = ''] = url.split('?', 1)
  return path.split('/')[2]
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string')
}
