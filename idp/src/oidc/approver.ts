import type { EventSink } from '@postern/core'
import type { Logger, Mode } from '@postern/server'
import type { KoaContextWithOIDC } from 'oidc-provider'
import type { Directory } from '../directory/types.ts'
import { poolPaths } from '../directory/urls.ts'
import type { Clients } from './clients.ts'
import { exchangeOf } from './exchange.ts'
import { approveUnattended, forgetUnattended, unattendedUserOf } from './unattended.ts'

export interface ApproverOptions {
  readonly directory: Directory
  readonly clients: Clients
  readonly mode: Mode
  readonly record: EventSink
  readonly log: Logger
}

/**
 * Finds out, before an authorization request is looked at, whether it is to be approved without anybody there. It is
 * for tests: off unless pool or client name a user, never in production, and each time there is a warning and an event.
 */
export function createApprover({ directory, clients, mode, record, log }: ApproverOptions) {
  return async (ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> => {
    const approved = mode === 'development' && ctx.path === poolPaths.authorization && (await approve(ctx))
    await next()
    if (approved) await forgetUnattended(ctx)
  }

  async function approve(ctx: KoaContextWithOIDC): Promise<boolean> {
    const { opened, requestId } = exchangeOf(ctx.req)
    const { client_id: clientId } = ctx.query
    const client = typeof clientId === 'string' ? await clients.find(opened, clientId) : undefined
    const user = client && (await unattendedUserOf(directory, opened.pool, client))
    if (client === undefined || user === undefined) return false
    approveUnattended(ctx.req, user)
    const facts = { poolId: opened.pool.id, clientId: client.clientId }
    log.warn({ ...facts, requestId }, 'approved without a person: unattendedUser is set, which is for tests alone')
    record({
      kind: 'admin.changed',
      outcome: 'ok',
      reason: 'setting_loosened',
      ...facts,
      ...(requestId === undefined ? {} : { requestId }),
    })
    return true
  }
}
