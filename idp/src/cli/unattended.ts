import { callServer } from './rest.ts'
import { findServers } from './servers.ts'
import type { Terminal } from './terminal.ts'

/** A pool in which every sign-in is approved by itself. */
export interface UnattendedPool {
  readonly poolId: string
  /** In whose name. */
  readonly user: string
}

const pageSize = 100
const mostPages = 10

/**
 * The pools of a running identity provider that approve by themselves, for people to be told.
 *
 * @throws Failure where it does not answer
 */
export async function unattendedPools(env: Terminal['env']): Promise<UnattendedPool[]> {
  const { idp } = await findServers({}, env)
  const found: UnattendedPool[] = []
  let cursor: unknown
  for (let page = 0; page < mostPages && cursor !== null; page += 1) {
    const after = typeof cursor === 'string' ? `&cursor=${encodeURIComponent(cursor)}` : ''
    const path = `/user-pools?limit=${pageSize}${after}`
    const { items, nextCursor } = readPage(await callServer(idp, { method: 'GET', path }, env))
    for (const { id, unattendedUser } of items) {
      if (typeof id === 'string' && typeof unattendedUser === 'string') found.push({ poolId: id, user: unattendedUser })
    }
    cursor = nextCursor ?? null
  }
  return found
}

interface PoolPage {
  readonly items: readonly Readonly<Record<string, unknown>>[]
  readonly nextCursor?: unknown
}

function readPage(value: unknown): PoolPage {
  if (typeof value !== 'object' || value === null || !('items' in value) || !Array.isArray(value.items)) {
    return { items: [] }
  }
  return { items: value.items, nextCursor: 'nextCursor' in value ? value.nextCursor : null }
}
