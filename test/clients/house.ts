import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Gateway, startGateway, type TestService } from '@postern/gateway/testing'
import { type Idp, startIdp, type TestPool, type TestUser } from '@postern/idp/testing'
import { writeBrowser } from './browser.ts'

/** What a newcomer has: both servers, a pool with a person in it, and a service behind that pool. */
export interface House {
  readonly idp: Idp
  readonly pool: TestPool
  readonly gateway: Gateway
  /** Postern's own tools at `/mcp`, for every client of the pool. */
  readonly service: TestService
  readonly ada: TestUser
  /** Where programs may keep what they like; gone in the end. */
  readonly folder: string
  /**
   * What a program finds in its environment: a home in `folder`, and as its browser one that follows redirects and can
   * do nothing else. It arrives only where `unattended` is on.
   */
  readonly env: Readonly<Record<string, string>>
  close(): Promise<void>
}

/** @param unattended the pool approves by itself in ada's name */
export async function openHouse({ unattended = false, env = {} } = {}): Promise<House> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-clients-'))
  const idp = await startIdp({ env })
  const gateway = await startGateway({ idp })
  const name = 'ada'
  const pool = await idp.createPool({ name: 'people', ...(unattended ? { unattendedUser: name } : {}) })
  const ada = await pool.createUser({ preferredUsername: name })
  const service = await gateway.createService({
    name: 'everyday',
    path: '/mcp',
    backend: { type: 'builtin' },
    authorizers: [{ type: 'CustomJWT', discoveryUrl: pool.discoveryUrl }],
  })
  // Clients that find no scopes at the service ask for all that the pool's metadata lists.
  await pool.createResource({ identifier: 'https://other.example/mcp', scopes: [{ name: 'other:read' }] })
  return {
    idp,
    pool,
    gateway,
    service,
    ada,
    folder,
    env: { PATH: process.env['PATH'] ?? '', HOME: folder, BROWSER: await writeBrowser(folder), NO_COLOR: '1' },
    async close() {
      await gateway.close()
      await idp.close()
      await rm(folder, { recursive: true, force: true, maxRetries: 3 })
    },
  }
}

/** Opens what a program printed, as ada would: signs in, consents, and goes back to where the program waits. */
export async function signInAt(house: House, url: string): Promise<void> {
  const landed = await house.pool.approve(url, house.ada)
  const response = await fetch(landed)
  await response.text()
  if (!response.ok) throw new Error(`the client answered ${response.status} at ${landed.pathname}`)
}

/** How a client of the pool became known. */
export async function registrationOf(house: House, clientId: string): Promise<unknown> {
  return (await clientsOf(house)).find((client) => client['clientId'] === clientId)?.['registration']
}

/** How many clients have registered themselves. */
export async function registered(house: House): Promise<number> {
  return (await clientsOf(house)).filter(({ registration }) => registration === 'dynamic').length
}

async function clientsOf({ idp, pool }: House): Promise<Record<string, unknown>[]> {
  const response = await fetch(`${idp.url}/api/v1/user-pools/${pool.id}/clients?limit=100`, {
    headers: { authorization: `Bearer ${idp.adminToken}` },
  })
  const { items } = await response.json()
  return items
}

export const toolsOfService = ['current_time', 'echo', 'whoami']
