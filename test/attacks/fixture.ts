import assert from 'node:assert/strict'
import type { EventInput } from '@postern/core'
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
  type RefusalCode,
  type SeenResponse,
} from '@postern/resource-server/testing'
import type { Attack, Host, StartHost } from './hosts.ts'

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
  const send = (attack: Attack | string) => host.send(typeof attack === 'string' ? bearer(attack) : attack)

  return {
    ...issuers,
    rs,
    host,
    events,
    send,
    async expect(code, attack, scope = 'read write') {
      const before = host.callers.length
      const told = events.length
      const answer = await send(attack)
      if (code === 'OK') {
        assert.equal(answer.status, 200, `refused: ${events.at(-1)?.reason}`)
        assert.equal(host.callers.length, before + 1)
        return answer
      }
      assert.equal(host.callers.length, before, 'the handler did not run')
      const wanted = {
        metadataUrl: rs.metadataUrl,
        scope: scope === '' ? undefined : scope,
        schemes,
        secrets: secretsOf(attack),
      }
      expectRefusal(answer, code, wanted)
      expectOneEvent(events.slice(told), answer.status, secretsOf(attack))
      return answer
    },
    async close() {
      rs.close()
      await Promise.all([host.close(), closeIssuers()])
    },
  }
}

/** The parts of a credential, and the claims in it: nothing of them may come back or be recorded. */
function secretsOf(attack: Attack | string): string[] {
  const headers = typeof attack === 'string' ? { authorization: attack } : (attack.headers ?? {})
  const text = [headers['authorization'] ?? [], headers['dpop'] ?? []].flat().join(' ')
  return [...text.split(/[\s.,]+/).filter((part) => part.length > 12), 'user-1']
}

/** Row L6: every refusal is told once, and what is told holds nothing of the credential. */
function expectOneEvent(told: readonly EventInput[], status: number, secrets: readonly string[]): void {
  const refusals = told.filter(({ kind }) => kind === 'access.refused')
  assert.equal(refusals.length, 1, 'one event')
  assert.equal(refusals[0]?.status, status)
  const everything = JSON.stringify(told)
  for (const secret of secrets) assert.ok(!everything.includes(secret), 'nothing of the credential is recorded')
}
