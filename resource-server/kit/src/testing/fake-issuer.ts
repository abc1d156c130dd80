import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type Clock, issuerMetadataUrls, type JsonObject, randomBase64url } from '@postern/core'
import { type Algorithm, algorithms } from '../options/algorithms.ts'
import { ConfigError } from '../options/config-error.ts'
import { readClock, readOneOf, readRecord, readTexts } from '../options/fields.ts'
import { createFakeIntrospection, type IntrospectionRequest, introspectionClient } from './fake-introspection.ts'
import { assemble, createSigningKey, type SigningKey, signBytes } from './signing.ts'

export interface FakeIssuerOptions {
  /** What minted tokens name as `aud`. */
  readonly audience?: string | readonly string[]
  /** Default ES256. */
  readonly algorithm?: Algorithm
  /** The path of the issuer, such as `/tenant`. Default none. */
  readonly path?: string
  /** Which of the metadata's places answers: 0, 1 or 2 in MCP's order. Default all. */
  readonly metadataPlace?: number
  readonly clock?: Clock
}

/** How an endpoint of a fake issuer misbehaves. */
export interface Fault {
  /** Answers with this status. */
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** Answers with this instead of the document; anything but a text as JSON. */
  readonly body?: unknown
  /** Answers only once this has settled. */
  readonly hold?: Promise<unknown>
  /** Cuts the connection. */
  readonly hangUp?: boolean
}

export type Endpoint = 'metadata' | 'jwks' | 'introspection'

export interface MintOptions {
  /** Header parameters besides `alg`, `kid` and `typ`; undefined takes one of these away. */
  readonly header?: Readonly<JsonObject>
  readonly key?: SigningKey
}

/** Where wrong tokens are made from: an issuer's name, its keys, and the claims of a good token of its. */
export interface TokenSource {
  readonly issuer: string
  /** A published key for the algorithm, made at the first call; without one the issuer's usual key. */
  signingKey(algorithm?: Algorithm): SigningKey
  /** Claims that the resource server accepts; undefined takes one away. */
  claims(changes?: Readonly<JsonObject>): JsonObject
}

export interface FakeIssuer extends TokenSource {
  readonly jwksUri: string
  /** Where it answers about tokens (RFC 7662); the metadata names it too. */
  readonly introspectionUri: string
  /** Who may ask there, as the kit's option `introspection` takes it. */
  readonly introspectionClient: { readonly clientId: string; readonly clientSecret: string }
  /** The questions that arrived there. */
  readonly introspected: readonly IntrospectionRequest[]
  /** Requests that arrived for the documents. */
  readonly fetches: Readonly<Record<'metadata' | 'jwks', number>>
  /** A signed access token (RFC 9068): good, unless the changes make it bad. */
  mint(changes?: Readonly<JsonObject>, options?: MintOptions): string
  /** An opaque access token, of which the introspection endpoint says these claims. */
  issue(changes?: Readonly<JsonObject>): string
  /** The introspection endpoint no longer knows the token, JWT or not. */
  revoke(token: string): void
  /** Replaces the usual key; the old one is no longer published, unless `keepOld`. */
  rotate(options?: { readonly keepOld?: boolean; readonly algorithm?: Algorithm }): SigningKey
  /** Adds anything at all to the key set. */
  publish(entry: unknown): void
  /** Takes every key out of the key set. */
  withdraw(): void
  /** Makes an endpoint misbehave; without a fault it is well again. */
  fail(endpoint: Endpoint, fault?: Fault): void
  close(): Promise<void>
}

/** Starts an issuer on a free port of 127.0.0.1: metadata, key set, introspection, and a mint for tokens. Rejects with `ConfigError`. */
export async function createFakeIssuer(options: FakeIssuerOptions = {}): Promise<FakeIssuer> {
  const { audience, algorithm, path, metadataPlace, clock } = readFakeIssuer(options)
  const faults = new Map<Endpoint, Fault>()
  const fetches = { metadata: 0, jwks: 0 }
  const introspection = createFakeIntrospection(() => clock.now() / 1000)
  const keys = new Map<Algorithm, SigningKey>([[algorithm, createSigningKey(algorithm)]])
  let usual = algorithm
  let entries: unknown[] = [...keys.values()].map(({ jwk }) => jwk)

  const server = createServer((req, res) => {
    const endpoint = endpointOf(req)
    if (endpoint === undefined) return answer(res, 404, { error: 'not_found' })
    const fault = faults.get(endpoint) ?? {}
    if (endpoint === 'introspection') {
      void introspection.answer(req).then(({ status, document }) => misbehave(res, { status, ...fault }, document))
      return
    }
    fetches[endpoint] += 1
    const document =
      endpoint === 'jwks' ? { keys: entries } : { issuer, jwks_uri: jwksUri, introspection_endpoint: introspectionUri }
    void misbehave(res, fault, document)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const origin = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
  const issuer = origin + path
  const jwksUri = `${origin}/keys`
  const introspectionUri = `${origin}/introspect`
  const places = issuerMetadataUrls(issuer).map((url) => new URL(url).pathname)
  const endpointOf = ({ url }: IncomingMessage): Endpoint | undefined => {
    if (url === '/keys') return 'jwks'
    if (url?.startsWith('/introspect')) return 'introspection'
    const place = places.indexOf(url ?? '')
    return place >= 0 && (metadataPlace ?? place) === place ? 'metadata' : undefined
  }

  const signingKey = (wanted: Algorithm = usual): SigningKey => {
    const known = keys.get(wanted)
    if (known !== undefined) return known
    const key = createSigningKey(wanted)
    keys.set(wanted, key)
    entries.push(key.jwk)
    return key
  }

  const claims = (changes: Readonly<JsonObject> = {}): JsonObject => {
    const now = Math.floor(clock.now() / 1000)
    const good = {
      iss: issuer,
      sub: 'user-1',
      aud: audience,
      client_id: 'client-1',
      scope: 'read write',
      jti: randomBase64url(16),
      iat: now,
      exp: now + 300,
    }
    return withChanges(good, changes)
  }

  return {
    issuer,
    jwksUri,
    introspectionUri,
    introspectionClient,
    introspected: introspection.requests,
    fetches,
    signingKey,
    claims,
    mint(changes, { header = {}, key = signingKey() } = {}) {
      const full = withChanges({ alg: key.algorithm, kid: key.kid, typ: 'at+jwt' }, header)
      const payload = claims(changes)
      const token = assemble(full, payload, (input) => signBytes(input, key.algorithm, key.privateKey))
      introspection.know(token, payload)
      return token
    },
    issue(changes) {
      const token = `opaque_${randomBase64url(32)}`
      introspection.know(token, claims(changes))
      return token
    },
    revoke: introspection.forget,
    rotate({ keepOld = false, algorithm: next = usual } = {}) {
      const key = createSigningKey(next)
      if (!keepOld) entries = []
      entries.push(key.jwk)
      keys.set(next, key)
      usual = next
      return key
    },
    publish: (entry) => void entries.push(entry),
    withdraw() {
      entries = []
    },
    fail(endpoint, fault) {
      if (fault === undefined) faults.delete(endpoint)
      else faults.set(endpoint, fault)
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

function readFakeIssuer(options: FakeIssuerOptions) {
  readRecord(options, '', ['audience', 'algorithm', 'path', 'metadataPlace', 'clock'])
  const { audience, path = '', metadataPlace } = options
  if (typeof path !== 'string' || !/^(?:\/[^?#]*[^/?#])?$/.test(path)) {
    throw new ConfigError('path', "must be a path such as '/tenant', without a slash at its end")
  }
  if (metadataPlace !== undefined && ![0, 1, 2].includes(metadataPlace)) {
    throw new ConfigError('metadataPlace', 'must be 0, 1 or 2')
  }
  if (typeof audience !== 'string') readTexts(audience, 'audience')
  const algorithm = readOneOf<Algorithm>(options.algorithm, 'algorithm', algorithms, 'ES256')
  return { audience, algorithm, path, metadataPlace, clock: readClock(options.clock, 'clock') }
}

function withChanges(good: Readonly<JsonObject>, changes: Readonly<JsonObject>): JsonObject {
  const members = Object.entries({ ...good, ...changes })
  return Object.fromEntries(members.filter(([, value]) => value !== undefined))
}

async function misbehave(res: ServerResponse, fault: Fault, document: unknown): Promise<void> {
  await fault.hold
  if (fault.hangUp === true) res.destroy()
  else answer(res, fault.status ?? 200, fault.body ?? document, fault.headers)
}

function answer(res: ServerResponse, status: number, body: unknown, headers: Fault['headers'] = {}): void {
  res.writeHead(status, { 'content-type': 'application/json', ...headers })
  res.end(typeof body === 'string' ? body : JSON.stringify(body))
}
