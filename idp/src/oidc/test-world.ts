// For tests: a pool with people, clients and resources, and the way through a sign-in by real HTTP.
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import type { ClientInput, PoolPatch, User } from '../directory/types.ts'
import type { OidcOptions } from './oidc.ts'
import { type Browser, createBrowser, type Visit } from './test-browser.ts'
import { type Face, type Ground, openFace, openGround, publicUrl } from './test-face.ts'
import { asRecord, basicOf, formOf, type Params, type TokenAnswer } from './token-request.ts'

export const mcp = 'https://mcp.example/mcp'
export const files = 'https://files.example/api'
export const callback = 'https://app.example/callback'

export interface TestClient {
  readonly clientId: string
  readonly clientSecret?: string | undefined
  readonly redirectUris: readonly string[]
}

/** One pool of a world. */
export interface Town {
  readonly id: string
  readonly issuer: string
  readonly ada: User
  /** A web application with a secret, that may refresh. */
  readonly web: TestClient
  client(input?: Partial<ClientInput>): Promise<TestClient>
  change(patch: PoolPatch): Promise<void>
}

export interface World {
  readonly ground: Ground
  readonly face: Face
  town(id: string, patch?: Omit<PoolPatch, 'name'>): Promise<Town>
  browser(): Browser
  /** A request to an endpoint of a pool with a form; with `client` authenticated. */
  post(town: Town, path: string, client: TestClient | undefined, params: Params): Promise<TokenAnswer>
  get(url: string, headers?: Record<string, string>): Promise<Response>
  close(): Promise<void>
}

export async function openWorld(options: Partial<OidcOptions> = {}): Promise<World> {
  const ground = await openGround()
  const face = await openFace(ground, true, options)
  const local = (url: string) => url.replace(publicUrl, face.url)
  return {
    ground,
    face,
    town: (id, patch = {}) => createTown(ground, id, patch),
    browser: () => createBrowser(publicUrl, face.url),
    async post({ issuer }, path, client, params) {
      const secret = client?.clientSecret
      const response = await fetch(local(issuer + path), {
        method: 'POST',
        headers:
          client !== undefined && secret !== undefined
            ? { authorization: basicOf({ clientId: client.clientId, clientSecret: secret }) }
            : {},
        body: formOf(secret === undefined && client !== undefined ? { client_id: client.clientId, ...params } : params),
      })
      const text = await response.text()
      return { status: response.status, headers: response.headers, body: text === '' ? {} : asRecord(JSON.parse(text)) }
    },
    get: (url, headers = {}) => fetch(local(url), { headers, redirect: 'manual' }),
    async close() {
      await face.close()
      await ground.close()
    },
  }
}

async function createTown({ directory }: Ground, id: string, patch: Omit<PoolPatch, 'name'>): Promise<Town> {
  await directory.pools.create({ id, name: id, ...patch })
  await directory.resources.create(id, {
    identifier: mcp,
    name: 'Everyday tools',
    scopes: [{ name: 'read', description: 'Read things' }, { name: 'write' }],
  })
  await directory.resources.create(id, { identifier: files, scopes: [{ name: 'list' }] })
  const ada = await directory.users.create(id, {
    preferredUsername: 'ada',
    email: 'ada@example.com',
    emailVerified: true,
    name: 'Ada Lovelace',
    givenName: 'Ada',
    password: 'Analytical-1843',
    status: 'CONFIRMED',
  })
  const client = async (input: Partial<ClientInput> = {}): Promise<TestClient> => {
    const made = await directory.clients.create(id, {
      name: 'App',
      clientType: 'WEB_APPLICATION',
      redirectUris: [callback],
      ...input,
    })
    const { clientId, redirectUris } = made.client
    return { clientId, redirectUris, clientSecret: made.clientSecret }
  }
  return {
    id,
    issuer: `${publicUrl}/pools/${id}`,
    ada,
    web: await client(),
    client,
    change: async (changes) => void (await directory.pools.update(id, changes)),
  }
}

/** An authorization request, with what is needed to redeem its code. */
export interface Asked {
  readonly url: string
  readonly verifier: string
  readonly state: string
}

export function ask(town: Town, client: TestClient, params: Readonly<Record<string, string | undefined>> = {}): Asked {
  const verifier = randomBytes(32).toString('base64url')
  const state = randomBytes(8).toString('hex')
  const query = formOf({
    client_id: client.clientId,
    response_type: 'code',
    redirect_uri: client.redirectUris[0],
    state,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...params,
  })
  return { url: `${town.issuer}/auth?${query}`, verifier, state }
}

/** Where the answer to an authorization request went, with what it said. */
export interface Landed {
  readonly uri: string
  readonly params: URLSearchParams
}

export function landed({ location, status, text }: Visit): Landed {
  if (location === undefined) throw new Error(`no redirect: ${status} ${text}`)
  const { origin, pathname, searchParams } = new URL(location)
  return { uri: origin + pathname, params: searchParams }
}

/** What an interaction's page was told. */
export function told(visit: Visit): Record<string, unknown> {
  assert.equal(visit.status, 200, visit.text)
  return asRecord(JSON.parse(visit.text))
}

/** Signs in and consents wherever that is asked for; returns the answer to the client. */
export async function approve(browser: Browser, { url }: Pick<Asked, 'url'>, name = 'ada'): Promise<Landed> {
  let visit = await browser.follow(url)
  for (let pages = 0; pages < 4; pages += 1) {
    if (visit.location !== undefined) return landed(visit)
    const { prompt } = told(visit)
    visit = await browser.follow(visit.url, prompt === 'login' ? { as: name } : { consent: 'yes' })
  }
  throw new Error(`no end: ${visit.text}`)
}

/** Runs a code flow to its end. */
export async function signIn(
  world: World,
  town: Town,
  options: {
    readonly client?: TestClient
    readonly browser?: Browser
    readonly params?: Readonly<Record<string, string | undefined>>
    readonly redeem?: Params
  } = {},
): Promise<TokenAnswer> {
  const { client = town.web, browser = world.browser(), params, redeem } = options
  const asked = ask(town, client, params)
  const { params: answer } = await approve(browser, asked)
  return await world.post(town, '/token', client, {
    grant_type: 'authorization_code',
    code: answer.get('code') ?? '',
    redirect_uri: client.redirectUris[0],
    code_verifier: asked.verifier,
    ...redeem,
  })
}
