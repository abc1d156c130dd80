import assert from 'node:assert/strict'
import { type EventInput, reasons } from '@postern/core'
import { createTestClock, type TestClock } from '@postern/core/testing'
import {
  createResourceServer,
  type GuardOptions,
  type IssuerOptions,
  type ResourceServer,
  type ResourceServerOptions,
} from '@postern/resource-server'
import {
  createFakeIssuer,
  expectRefusal,
  type FakeIssuer,
  type FakeIssuerOptions,
  parseChallenges,
  type RefusalCode,
  type SeenResponse,
} from '@postern/resource-server/testing'
import type { Attack, Host, StartHost } from './hosts.ts'
import { findSecret, type Secrets, secretsOf } from './secrets.ts'

export const resource = 'https://mcp.example/mcp'
export const metadataUrl = 'https://mcp.example/.well-known/oauth-protected-resource/mcp'

/** What a row may change of the table's usual set-up. */
export interface SetUp {
  readonly options?: Partial<ResourceServerOptions> | ((fixture: Issuers) => Partial<ResourceServerOptions>)
  readonly rules?: Partial<IssuerOptions> | ((fixture: Issuers) => Partial<IssuerOptions>)
  readonly guard?: GuardOptions | ((rs: ResourceServer) => GuardOptions)
  readonly fake?: FakeIssuerOptions
  /** What stands before the adapters in place of the resource server. */
  readonly within?: (rs: ResourceServer, issuers: Issuers) => ResourceServer
  /** The schemes that challenges name. Default Bearer alone. */
  readonly schemes?: readonly ('Bearer' | 'DPoP')[]
}

export interface Issuers {
  readonly clock: TestClock
  /** I1 of the table; the only one that is trusted. */
  readonly issuer: FakeIssuer
  /** I2 of the table. */
  readonly stranger: FakeIssuer
}

/** The table's fixture: resource R, issuers I1 and I2, required scopes read and write, tolerance 5 s. */
export interface Fixture extends Issuers {
  readonly rs: ResourceServer
  readonly host: Host
  readonly events: EventInput[]
  send(attack: Attack | string): Promise<SeenResponse>
  /** Sends, and asserts the answer of the table's code with everything that belongs to it. */
  expect(code: RefusalCode | 'OK', attack: Attack | string, scope?: string): Promise<SeenResponse>
  /** What the attacks since the last call gave away. */
  takeSecrets(): Secrets[]
  close(): Promise<void>
}

/** A token as the attack that sends it. */
export function bearer(token: string, more: Attack = {}): Attack {
  return { ...more, headers: { ...more.headers, authorization: `Bearer ${token}` } }
}

/** What a row sets, which may depend on the issuers. */
export function resolvePart<T extends object>(
  part: T | ((issuers: Issuers) => T) | undefined,
  issuers: Issuers,
): Partial<T> {
  return typeof part === 'function' ? part(issuers) : (part ?? {})
}

export async function open(
  start: StartHost,
  { options, rules, guard, fake, within, schemes }: SetUp = {},
): Promise<Fixture> {
  const clock = createTestClock()
  const issuer = await createFakeIssuer({ audience: resource, clock, ...fake })
  const stranger = await createFakeIssuer({ audience: resource, clock, path: '/t' })
  const issuers = { clock, issuer, stranger }
  const events: EventInput[] = []
  const settings: ResourceServerOptions = {
    resource,
    issuers: [{ issuer: issuer.issuer, ...resolvePart(rules, issuers) }],
    requiredScopes: ['read', 'write'],
    clock,
    onEvent: (event) => void events.push(event),
    ...resolvePart(options, issuers),
  }
  const rs = createResourceServer(settings)
  const closeIssuers = () => Promise.all([issuer.close(), stranger.close()])
  const starting = start(within?.(rs, issuers) ?? rs, typeof guard === 'function' ? guard(rs) : guard, settings)
  const host = await starting.catch(async (error: unknown) => {
    // Or their servers keep the tests from ending.
    await closeIssuers()
    throw error
  })
  const sent: Secrets[] = []
  const send = async (attack: Attack | string, scope = 'read write') => {
    const request = toRequest(attack)
    const secrets = secretsOf(request)
    sent.push(secrets)
    const told = events.length
    const answer = await host.send(request)
    // What the resource server says of itself may be the same as what is sent.
    const own = JSON.stringify([rs.metadataUrl, rs.resource, scope, settings.requiredScopes, settings.scopesSupported])
    expectNoTrace(answer, secrets, own)
    expectNothingRecorded(events.slice(told), secrets)
    return answer
  }

  return {
    ...issuers,
    rs,
    host,
    events,
    send: (attack) => send(attack),
    async expect(code, attack, scope = 'read write') {
      const before = host.callers.length
      const told = events.length
      const answer = await send(attack, scope)
      if (code === 'OK') {
        assert.equal(answer.status, 200, `refused: ${events.at(-1)?.reason}`)
        assert.equal(host.callers.length, before + 1)
        return answer
      }
      assert.equal(host.callers.length, before, 'the handler did not run')
      expectRefusal(answer, code, {
        metadataUrl: rs.metadataUrl,
        scope: scope === '' ? undefined : scope,
        schemes,
        secrets: secretsOf(toRequest(attack)).credentials,
      })
      expectFixedText(answer, code, events.at(-1)?.reason)
      expectOneEvent(events.slice(told), answer.status)
      return answer
    },
    takeSecrets: () => sent.splice(0),
    async close() {
      rs.close()
      await Promise.all([host.close(), closeIssuers()])
    },
  }
}

function toRequest(attack: Attack | string): Attack {
  return typeof attack === 'string' ? bearer(attack) : attack
}

/** Of what was sent, an answer has nothing in its headers; the body of a good one is the handler's. */
function expectNoTrace(answer: SeenResponse, { credentials, claims }: Secrets, own: string): void {
  // A nonce is the server's word, and the client's only then.
  const { 'dpop-nonce': _, ...headers } = answer.headers
  const said = [...Object.values(headers), ...(answer.status < 400 ? [] : [answer.body])].join('\n')
  const secrets = [...credentials, ...claims].filter((secret) => !own.includes(secret))
  assert.equal(findSecret(said, secrets), undefined, 'nothing of what was sent comes back')
}

/** What an event of the kit may say besides reason, client, resource and the hash of the token. */
const fields = new Set(['kind', 'outcome', 'requestId', 'subjectHash', 'status', 'durationMs'])

/** Rows L5 and L6: events hold fixed words, hashes, and the client that a token was given to, nothing else of it. */
function expectNothingRecorded(told: readonly EventInput[], { credentials, claims }: Secrets): void {
  // A proof names the hash of its token, as events do.
  for (const { reason, clientId = '', resource: own, tokenHash = '', ...rest } of told) {
    assert.deepEqual(
      Object.keys(rest).filter((field) => !fields.has(field)),
      [],
    )
    assert.ok(Object.hasOwn(reasons, reason), reason)
    assert.equal(findSecret(JSON.stringify(rest), [...credentials, ...claims]), undefined, 'no secret is recorded')
    assert.equal(findSecret(`${clientId} ${own} ${tokenHash}`, credentials), undefined, 'no credential is recorded')
  }
}

/** What is wrong with a credential is said in one text for each code, whatever it is. */
const texts: Partial<Record<RefusalCode, string>> = {
  IT: 'The access token is malformed, expired, revoked or not meant for this resource',
  IR: 'Send one access token, once, as Authorization: Bearer <token>',
  IS: 'The access token lacks a scope that this operation needs',
  DP: 'The DPoP proof is missing, malformed, used before, or made for another request or token',
  DN: 'Make a new DPoP proof with the nonce of the DPoP-Nonce header',
}

/** Policy gives no reason, but for the one that has nothing to do with the credential. */
const unwelcome = 'The Host or Origin header is not one that this server answers to'

function expectFixedText({ headers, body }: SeenResponse, code: RefusalCode, reason: string | undefined): void {
  const text = code === 'PD' && reason === 'origin_not_allowed' ? unwelcome : texts[code]
  const said: unknown = body === '' ? undefined : JSON.parse(body).error_description
  assert.equal(said, text, `${code}: the text in the body`)
  const header = headers['www-authenticate']
  const challenges = header === undefined ? [] : parseChallenges(header)
  const shown = challenges.flatMap(({ params }) => params['error_description'] ?? [])
  assert.deepEqual(shown, Array(countTexts(code, challenges.length)).fill(text), `${code}: the text in the challenges`)
}

/** How many of the challenges say the text: what is wrong with a proof is no business of bearers. */
function countTexts(code: RefusalCode, challenges: number): number {
  if (code === 'IT' || code === 'IR') return challenges
  return code === 'DP' || code === 'DN' ? 1 : 0
}

/** Row L6: every refusal is told once. */
function expectOneEvent(told: readonly EventInput[], status: number): void {
  const refusals = told.filter(({ kind }) => kind === 'access.refused')
  assert.equal(refusals.length, 1, 'one event')
  assert.equal(refusals[0]?.status, status)
}
