// For tests: a whole provider with a pool that takes in people, and the requests of a client.
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { type Browser, createBrowser, type Visit } from '../oidc/test-browser.ts'
import { type Idp, startIdp } from '../testing/start-idp.ts'
import type { PoolSettings, TestPool } from '../testing/test-pool.ts'

export const mcp = 'https://mcp.example/mcp'
export const callback = 'https://app.example/callback'
export const password = 'Analytical-1843'

export interface House {
  readonly idp: Idp
  pool(settings?: Partial<PoolSettings>): Promise<HousePool>
  browser(): Browser
  /** A call of the management API that must succeed. */
  manage(method: string, path: string, body?: unknown): Promise<Record<string, unknown>>
  close(): Promise<void>
}

export interface HousePool {
  readonly pool: TestPool
  readonly clientId: string
  addUser(user: Readonly<Record<string, unknown>>): Promise<string>
  /** The authorization request of the client. */
  request(params?: Readonly<Record<string, string>>): { readonly url: string; readonly verifier: string }
  /** Redeems a code for tokens. */
  redeem(code: string, verifier: string): Promise<Response>
  /** The newest code that went to this address. */
  codeFor(to: string): Promise<string>
}

export async function openHouse(): Promise<House> {
  const idp = await startIdp()
  const manage = async (method: string, path: string, body?: unknown): Promise<Record<string, unknown>> => {
    const response = await fetch(`${idp.url}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${idp.adminToken}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`)
    return text === '' ? {} : JSON.parse(text)
  }
  return {
    idp,
    manage,
    browser: () => createBrowser(idp.url),
    pool: (settings = {}) => createHousePool(idp, manage, settings),
    close: () => idp.close(),
  }
}

async function createHousePool(idp: Idp, manage: House['manage'], settings: Partial<PoolSettings>): Promise<HousePool> {
  const pool = await idp.createPool({
    name: `Staff ${randomBytes(4).toString('hex')}`,
    signInAttributes: ['email'],
    selfSignUpEnabled: true,
    resources: [
      {
        identifier: mcp,
        name: 'Everyday tools',
        scopes: [{ name: 'read', description: 'Read things' }, { name: 'write' }],
      },
    ],
    ...settings,
  })
  const { clientId } = await pool.createClient({
    name: 'Notes <b>app</b>',
    clientType: 'SINGLE_PAGE_APPLICATION',
    redirectUris: [callback],
  })
  return {
    pool,
    clientId,
    async addUser(user) {
      const { id } = await manage('POST', `/user-pools/${pool.id}/users`, { password, status: 'CONFIRMED', ...user })
      return String(id)
    },
    request(params = {}) {
      const verifier = randomBytes(32).toString('base64url')
      const query = new URLSearchParams({
        client_id: clientId,
        response_type: 'code',
        redirect_uri: callback,
        state: 'abc',
        code_challenge: createHash('sha256').update(verifier).digest('base64url'),
        code_challenge_method: 'S256',
        ...params,
      })
      return { url: `${pool.issuer}/auth?${query}`, verifier }
    },
    redeem: (code, verifier) =>
      fetch(pool.tokenUrl, {
        method: 'POST',
        body: new URLSearchParams({
          grant_type: 'authorization_code',
          client_id: clientId,
          redirect_uri: callback,
          code,
          code_verifier: verifier,
        }),
      }),
    async codeFor(to) {
      const { items } = await manage('GET', `/outbox?poolId=${pool.id}`)
      assert.ok(Array.isArray(items))
      const message = items.find((item) => item.to === to)
      assert.ok(message, `no message to ${to}`)
      return String(message.code)
    },
  }
}

/** The parameters with which the browser was sent back to the client. */
export function answerOf({ location = '', status, text }: Visit): URLSearchParams {
  assert.ok(location.startsWith(callback), `not sent back: ${status} ${location} ${text}`)
  return new URL(location).searchParams
}
