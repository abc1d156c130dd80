import type { IncomingMessage } from 'node:http'
import { type Account, interactionPolicy, type KoaContextWithOIDC } from 'oidc-provider'
import type { Directory, HotClient, HotPool, User } from '../directory/types.ts'
import { grantRequested } from './requested-grant.ts'

const { Check, Prompt } = interactionPolicy

const approvers = new WeakMap<IncomingMessage, User>()

/** The user in whose name requests of a client are approved without anybody there; undefined: nobody. */
export async function unattendedUserOf(
  directory: Directory,
  pool: HotPool,
  client: HotClient,
): Promise<User | undefined> {
  const named = client.unattendedUser ?? pool.unattendedUser
  if (named === null) return undefined
  const user = await directory.accounts.findByName(pool.id, named)
  return user === undefined || user.status === 'DISABLED' ? undefined : user
}

/**
 * Notes who approves a request. What the browser brings along plays no part in it: its cookies are taken off, so that
 * the approval neither uses nor changes a session that somebody has here.
 */
export function approveUnattended(req: IncomingMessage, user: User): void {
  delete req.headers.cookie
  approvers.set(req, user)
}

/** Is the request approved without anybody there, who could be asked anything? */
export function isUnattended(req: IncomingMessage): boolean {
  return approvers.has(req)
}

/**
 * The part of the interaction policy that approves by itself: signs the user in for this request alone, and grants
 * what was asked for. It never asks anything.
 */
export function unattendedPrompt(accountOf: (user: User) => Account): interactionPolicy.Prompt {
  const approve = new Check('unattended', 'approves by itself', async (ctx) => {
    const user = approvers.get(ctx.req)
    if (user !== undefined) await grantAll(ctx, accountOf(user))
    return Check.NO_NEED_TO_PROMPT
  })
  return new Prompt({ name: 'unattended', requestable: false }, approve)
}

async function grantAll(ctx: KoaContextWithOIDC, account: Account): Promise<void> {
  const { oidc } = ctx
  const { session, client, provider, params } = oidc
  if (session === undefined || client === undefined) return
  const { accountId } = account
  session.loginAccount({ accountId })
  oidc.entity('Account', account)
  const grant = new provider.Grant({ accountId, clientId: client.clientId })
  grantRequested(grant, ctx)
  await grant.save()
  oidc.entity('Grant', grant)
  session.ensureClientContainer(client.clientId)
  session.grantIdFor(client.clientId, grant.jti)
  // There is nobody to prompt.
  Object.assign(params ?? {}, { prompt: undefined })
}

/** After the answer: the session was good for one request. */
export async function forgetUnattended(ctx: KoaContextWithOIDC): Promise<void> {
  if (!approvers.has(ctx.req)) return
  await ctx.oidc.session?.destroy()
  ctx.remove('set-cookie')
}
