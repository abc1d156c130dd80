import { callServer, isRecord } from './rest.ts'
import { findServers } from './servers.ts'
import type { Terminal } from './terminal.ts'

/** A pool, or a client of one, for which every sign-in is approved by itself. */
export interface UnattendedApproval {
  readonly poolId: string
  /** undefined: every client of the pool that names nobody itself. */
  readonly clientId?: string
  /** In whose name. */
  readonly user: string
}

export interface UnattendedApprovals {
  readonly found: readonly UnattendedApproval[]
  /** false: there was too much to look through, or somebody did not answer. */
  readonly isComplete: boolean
}

const pageSize = 100
const mostCalls = 200

type Item = Readonly<Record<string, unknown>>

/** What a running identity provider approves by itself, for people to be told. Never fails. */
export async function unattendedApprovals(env: Terminal['env']): Promise<UnattendedApprovals> {
  const found: UnattendedApproval[] = []
  let calls = 0
  try {
    const { idp } = await findServers({}, env)
    await each('/user-pools', async ({ id, unattendedUser, totalClients }) => {
      if (typeof id !== 'string') return
      if (typeof unattendedUser === 'string') found.push({ poolId: id, user: unattendedUser })
      if (totalClients === 0) return
      await each(`/user-pools/${id}/clients`, async ({ clientId, unattendedUser: user }) => {
        if (typeof clientId === 'string' && typeof user === 'string') found.push({ poolId: id, clientId, user })
      })
    })
    return { found, isComplete: true }

    async function each(path: string, look: (item: Item) => Promise<void>): Promise<void> {
      let cursor: unknown
      do {
        calls += 1
        if (calls > mostCalls) throw new Error('too many pools and clients to look through')
        const after = typeof cursor === 'string' ? `&cursor=${encodeURIComponent(cursor)}` : ''
        const page = await callServer(idp, { method: 'GET', path: `${path}?limit=${pageSize}${after}` }, env)
        const { items, nextCursor } = readPage(page)
        for (const item of items) await look(item)
        cursor = nextCursor
      } while (typeof cursor === 'string')
    }
  } catch {
    return { found, isComplete: false }
  }
}

function readPage(value: unknown): { readonly items: readonly Item[]; readonly nextCursor: unknown } {
  if (!isRecord(value) || !Array.isArray(value['items'])) throw new Error('no list')
  return { items: value['items'], nextCursor: value['nextCursor'] }
}
