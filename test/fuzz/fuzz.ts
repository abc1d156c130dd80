import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { generateApiKey, hashApiKey } from '@postern/core'
import { protectOperations } from '@postern/resource-server/mcp'
import { brokenToken, brokenTokenKinds } from '@postern/resource-server/testing'
import fc from 'fast-check'
import { type Fixture, open, type SetUp } from '../attacks/fixture.ts'
import { hosts } from '../attacks/hosts.ts'

const apiKeyHash = await hashApiKey(generateApiKey())

/** Much is switched on, so that whatever is sent meets as much code as there is. */
const setUp: SetUp = {
  options: ({ issuer }) => ({
    issuers: [{ issuer: issuer.issuer, introspection: { ...issuer.introspectionClient, prefix: 'opaque_' } }],
    apiKeys: [{ id: 'k', name: 'k', hash: apiKeyHash }],
    dpop: { mode: 'allowed' },
  }),
  guard: (rs) => ({ operations: protectOperations(rs, { tools: { delete: ['admin'] } }) }),
}

/** What is said to nonsense: nothing that means an error of ours, and no crash. */
const answers = new Set([200, 204, 400, 401, 403, 413, 415])

export interface Fuzzing {
  /** Runs every property, each `numRuns` times or until the time is up, and says how many requests were sent. */
  run(bounds: fc.Parameters<unknown>): Promise<number>
  close(): Promise<void>
}

/** A resource server without a framework, and one behind Node's own parser of HTTP. */
export async function startFuzzing(): Promise<Fuzzing> {
  const bare = await open(hosts['rs.authenticate'] ?? assert.fail(), setUp)
  const overHttp = await open(hosts['node'] ?? assert.fail(), setUp)
  const token = bare.issuer.mint({ exp: 4_000_000_000 })
  await bare.expect('OK', token)
  let sent = 0

  /** No input makes it fail, and nothing but a good token passes. */
  const withstands = async (headers: Record<string, string>, { mayPass = false, method = 'POST', body = '' } = {}) => {
    sent += 1
    const bodiless = method === 'GET' || method === 'HEAD'
    const { status } = await bare.send({ method, headers, ...(bodiless ? {} : { body }) })
    assert.ok(answers.has(status), `answered ${status} (${bare.events.at(-1)?.reason})`)
    if (!mayPass) assert.notEqual(status, 200)
  }
  const properties = [
    ...propertiesOfHeaders(withstands),
    ...propertiesOfTokens(withstands, bare, token),
    ...propertiesOfBytes(overHttp, () => {
      sent += 1
    }),
  ]
  return {
    async run(bounds) {
      const share = bounds.interruptAfterTimeLimit
      for (const property of properties) {
        const limit = share === undefined ? {} : { interruptAfterTimeLimit: share / properties.length }
        await fc.assert(property, { ...bounds, ...limit })
      }
      // It still works, for a good token and for none.
      for (const { expect, issuer } of [bare, overHttp]) await expect('OK', issuer.mint())
      return sent
    },
    async close() {
      await Promise.all([bare.close(), overHttp.close()])
    },
  }
}

type Withstands = (
  headers: Record<string, string>,
  more?: { mayPass?: boolean; method?: string; body?: string },
) => Promise<void>

const headerText = fc.string({ unit: 'grapheme-ascii', maxLength: 200 })
const base64url = fc.stringMatching(/^[A-Za-z0-9_-]{0,80}$/)
const headerNames = ['dpop', 'origin', 'host', 'content-type', 'content-encoding', 'mcp-session-id', 'accept', 'cookie']

function propertiesOfHeaders(withstands: Withstands) {
  const others = fc.dictionary(fc.constantFrom(...headerNames.filter((name) => name !== 'host')), headerText)
  return [
    fc.asyncProperty(headerText, (text) => withstands({ authorization: text })),
    fc.asyncProperty(headerText, (text) => withstands({ authorization: `Bearer ${text}` })),
    fc.asyncProperty(headerText, headerText, (text, proof) =>
      withstands({ authorization: `DPoP ${text}`, dpop: proof }),
    ),
    fc.asyncProperty(
      others,
      headerText,
      fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'HEAD'),
      (headers, text, method) => withstands({ ...headers, authorization: `Bearer ${text}` }, { method }),
    ),
  ]
}

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const claimNames = [
  ...[
    'sub',
    'aud',
    'exp',
    'iat',
    'nbf',
    'jti',
    'scope',
    'scp',
    'client_id',
    'azp',
    'cnf',
    'act',
    'may_act',
    'nonce',
    'iss',
  ],
  ...['token_use', 'at_hash', '__proto__', 'constructor'],
]
const characters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ ']

function propertiesOfTokens(withstands: Withstands, { issuer }: Fixture, token: string) {
  const { kid } = issuer.signingKey()
  const json = fc.jsonValue()
  const asBearer = (text: string, more = {}) => withstands({ authorization: `Bearer ${text}` }, more)
  return [
    fc.asyncProperty(base64url, base64url, base64url, (a, b, c) => asBearer(`${a}.${b}.${c}`)),
    fc.asyncProperty(fc.dictionary(fc.string(), json), json, (header, claims) => {
      const object = typeof claims === 'object' && claims !== null && !Array.isArray(claims) ? claims : { claims }
      return asBearer(
        [encode({ ...header, alg: 'ES256', kid }), encode({ ...object, iss: issuer.issuer }), 'A'.repeat(86)].join('.'),
      )
    }),
    fc.asyncProperty(fc.nat(token.length - 1), fc.constantFrom(...characters), (at, character) => {
      const changed = token.slice(0, at) + character + token.slice(at + 1)
      return asBearer(changed, { mayPass: changed === token })
    }),
    fc.asyncProperty(fc.nat(token.length), fc.nat(token.length), (from, to) =>
      asBearer(token.slice(0, from) + token.slice(to), { mayPass: from === to }),
    ),
    // Properly signed, so that every check meets whatever JSON can say.
    fc.asyncProperty(fc.dictionary(fc.constantFrom(...claimNames), json), (claims) =>
      asBearer(issuer.mint(claims), { mayPass: true }),
    ),
    fc.asyncProperty(fc.dictionary(fc.string({ maxLength: 12 }), json), (header) =>
      asBearer(issuer.mint({}, { header }), { mayPass: true }),
    ),
    fc.asyncProperty(fc.constantFrom(...brokenTokenKinds), (kind) => asBearer(brokenToken(issuer, kind))),
    fc.asyncProperty(base64url, (text) => asBearer(`pst_${text}`)),
    fc.asyncProperty(base64url, (text) => asBearer(`opaque_${text}`)),
    fc.asyncProperty(json, fc.constantFrom('application/json', 'text/plain', 'x'), (body, type) =>
      withstands(
        { authorization: `Bearer ${token}`, 'content-type': type },
        { mayPass: true, body: JSON.stringify(body) ?? '' },
      ),
    ),
    fc.asyncProperty(fc.string(), (body) =>
      withstands({ authorization: `Bearer ${token}`, 'content-type': 'application/json' }, { mayPass: true, body }),
    ),
  ]
}

/** Bytes as they come over a socket, which no client library would send. */
function propertiesOfBytes({ host, issuer }: Fixture, count: () => void) {
  const token = issuer.mint()
  const line = fc
    .uint8Array({ maxLength: 120 })
    .map((bytes) => Buffer.from(bytes.filter((byte) => byte !== 10 && byte !== 13)))
  const request = (lines: readonly Buffer[]) =>
    Buffer.concat([
      Buffer.from('POST /mcp HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: 2\r\n'),
      ...lines.flatMap((text) => [text, Buffer.from('\r\n')]),
      Buffer.from('\r\n{}'),
    ])
  const withstands = async (bytes: Buffer): Promise<void> => {
    count()
    const status = await statusOf(host.port ?? assert.fail(), bytes)
    assert.ok(status === undefined || status === 431 || answers.has(status), `answered ${status}`)
  }
  const prefixed = (text: string) => line.map((bytes) => Buffer.concat([Buffer.from(text), bytes]))
  return [
    fc.asyncProperty(prefixed('authorization: '), (text) => withstands(request([text]))),
    fc.asyncProperty(prefixed('authorization: Bearer '), (text) => withstands(request([text]))),
    fc.asyncProperty(fc.array(line, { maxLength: 4 }), (lines) => withstands(request(lines))),
    fc.asyncProperty(line, (text) => withstands(request([Buffer.from(`authorization: Bearer ${token}`), text]))),
  ]
}

/** The status of what is answered to these bytes; undefined where the connection is just closed. */
function statusOf(port: number, bytes: Buffer): Promise<number | undefined> {
  return new Promise((resolve) => {
    let text = ''
    const socket = connect(port, '127.0.0.1', () => socket.end(bytes))
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk
    })
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? Number.NaN) || undefined))
  })
}
