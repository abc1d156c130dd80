import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import type { EventInput } from '@postern/core'
import { createResourceServer, type ResourceServerOptions } from '@postern/resource-server'
import {
  brokenToken,
  createFakeIssuer,
  expectRefusal,
  type FakeIssuer,
  type RefusalCode,
  type SeenResponse,
} from '@postern/resource-server/testing'
import { listen } from '../frameworks.ts'
import { bearer } from './fixture.ts'
import { type Attack, recordCallers, sendOver } from './hosts.ts'
import { type Layout, layouts, type Own, type Step } from './layouts.ts'

const origin = 'https://mcp.example'
const wellKnown = '/.well-known/oauth-protected-resource'

/** A resource at a path of the origin, `''` for the origin itself, that needs a scope of its own. */
interface Place extends Own {
  /** Of the route. */
  readonly at: string
  readonly scope: string
  readonly document: string
  /** Asserts what becomes of a request to this place. */
  expect(code: RefusalCode | 'OK', attack: Attack | string, scope?: string): Promise<SeenResponse>
}

interface Ground {
  readonly issuer: FakeIssuer
  readonly events: readonly EventInput[]
  readonly callers: readonly unknown[]
  readonly places: readonly Place[]
  send(attack: Attack): Promise<SeenResponse>
}

/** An application with resources at these paths, laid out as `lines` says. */
async function lay(
  t: TestContext,
  layout: Layout,
  paths: readonly string[],
  lines: (places: readonly Place[]) => readonly Step[],
  more: Partial<ResourceServerOptions> = {},
): Promise<Ground> {
  const issuer = await createFakeIssuer({ audience: `${origin}/nobody` })
  t.after(() => issuer.close())
  const events: EventInput[] = []
  const { callers, behind } = recordCallers()
  const listening = await listen()
  t.after(() => listening.close())
  const send = (attack: Attack) => sendOver(listening.port, attack)

  const places = paths.map((path, index): Place => {
    const scope = `scope-${index}`
    const options: ResourceServerOptions = {
      resource: `${origin}${path}`,
      issuers: [{ issuer: issuer.issuer }],
      requiredScopes: [scope],
      onEvent: (event) => void events.push(event),
      ...(index === 0 ? more : {}),
    }
    const rs = createResourceServer(options)
    t.after(() => rs.close())
    const at = path === '' ? '/' : path
    return {
      rs,
      options,
      at,
      scope,
      document: `${wellKnown}${path}`,
      async expect(code, attack, asked = scope) {
        const before = callers.length
        const told = events.length
        const { headers, ...rest } = typeof attack === 'string' ? bearer(attack) : attack
        const answer = await send({ ...rest, path: at, ...(headers === undefined ? {} : { headers }) })
        if (code === 'OK') {
          assert.equal(answer.status, 200, `refused: ${events.at(-1)?.reason}`)
          assert.equal(callers.at(-1)?.resource.href, new URL(rs.resource).href)
        } else {
          const secrets = [headers?.['authorization'] ?? []].flat().flatMap((text) => text.split(/[\s.]+/))
          const challenge = { metadataUrl: `${origin}${wellKnown}${path}`, scope: asked }
          expectRefusal(answer, code, { ...challenge, secrets: secrets.filter((part) => part.length > 12) })
          assert.equal(events.length, told + 1)
        }
        assert.equal(callers.length, before + (code === 'OK' ? 1 : 0))
        return answer
      },
    }
  })
  listening.use(layout(lines(places), behind))
  return { issuer, events, callers, places, send }
}

const pairs: readonly (readonly [id: string, what: string, paths: readonly [string, string]])[] = [
  ['F23', '/a and /b', ['/a', '/b']],
  ['F23', '/a and /ab, whose paths begin alike', ['/a', '/ab']],
  ['F24', '/mcp and /mcp/admin', ['/mcp', '/mcp/admin']],
  ['F24', 'the origin and /mcp', ['', '/mcp']],
]

/** Both orders of the lines; where the order of routes means something, the layout sees to that. */
const orders: Readonly<Record<string, (places: readonly Place[]) => readonly Place[]>> = {
  'as named': (places) => places,
  'the other way round': (places) => places.toReversed(),
}

for (const [name, layout] of Object.entries(layouts)) {
  describe(name, () => {
    test('F15 the metadata stay public where a guard of everything stands before them', async (t) => {
      const lines = ([own]: readonly Place[]): Step[] => [
        ...(own === undefined ? [] : [{ guard: own }, { metadata: own }, { at: own.at }]),
      ]
      const { issuer, places, send, events, callers } = await lay(t, layout, ['/mcp'], lines)
      const [{ document: path, expect } = assert.fail()] = places
      const dead = { authorization: `Bearer ${brokenToken(issuer, 'expired')}` }
      for (const headers of [{}, dead, { authorization: 'Basic dTpw' }, { origin: 'https://app.example' }]) {
        const answer = await send({ method: 'GET', path, headers })
        assert.equal(answer.status, 200)
        assert.equal(JSON.parse(answer.body).resource, `${origin}/mcp`)
        assert.equal(answer.headers['access-control-allow-origin'], '*')
        assert.equal(answer.headers['www-authenticate'], undefined)
        const again = { method: 'GET', path, headers: { 'if-none-match': answer.headers['etag'] ?? '' } }
        assert.equal((await send(again)).status, 304)
      }
      assert.equal((await send({ method: 'HEAD', path })).status, 200)
      const preflight = { origin: 'https://app.example', 'access-control-request-method': 'GET' }
      assert.equal((await send({ method: 'OPTIONS', path, headers: preflight })).status, 204)
      assert.equal((await send({ method: 'POST', path })).status, 405)
      assert.deepEqual([events.length, callers.length], [0, 0], 'nobody was asked who he is')

      await expect('C0', {})
      await expect('IT', { headers: dead })
      for (const other of ['/other', `${path}2`, `${path}/other`, wellKnown]) {
        const answer = await send({ path: other })
        assert.equal(answer.status, 401, `${other} is behind the guard`)
      }
      await expect('OK', issuer.mint({ aud: `${origin}/mcp`, scope: 'scope-0' }))
    })

    for (const [id, what, paths] of pairs) {
      for (const [order, sort] of Object.entries(orders)) {
        test(`${id} two resources of one application, ${what}, ${order}`, async (t) => {
          const lines = (places: readonly Place[]): Step[] => [
            ...sort(places).map((metadata) => ({ metadata })),
            ...sort(places).map((guard) => ({ guard, at: guard.at })),
          ]
          const { issuer, places, send } = await lay(t, layout, paths, lines)
          for (const own of places) {
            const other = places.find((place) => place !== own) ?? assert.fail()
            const found = await send({ method: 'GET', path: own.document })
            assert.equal(found.status, 200)
            const { resource, scopes_supported } = JSON.parse(found.body)
            assert.equal(resource, own.rs.resource)
            if (name !== 'mcp-auth') assert.deepEqual(scopes_supported, [own.scope])

            await own.expect('C0', {})
            const forOwn = issuer.mint({ aud: own.rs.resource, scope: 'scope-0 scope-1' })
            await other.expect('IT', forOwn)
            await own.expect('OK', forOwn)
            await other.expect('IT', forOwn)
            await own.expect('OK', forOwn)
            const forBoth = issuer.mint({ aud: [own.rs.resource, other.rs.resource], scope: own.scope })
            await own.expect('OK', forBoth)
            await other.expect('IS', forBoth)
          }
          const isAtRoot = paths.some((path) => path === '')
          assert.equal((await send({ method: 'GET', path: wellKnown })).status === 200, isAtRoot)
          assert.notEqual((await send({ method: 'GET', path: `${wellKnown}/other` })).status, 200)
        })
      }
    }

    // mcp-auth knows no such option.
    if (name === 'mcp-auth') return
    test('F24 the root besides belongs to the one that asked for it', async (t) => {
      const lines = (places: readonly Place[]): Step[] => [
        ...places.toReversed().map((metadata) => ({ metadata })),
        ...places.map((guard) => ({ guard, at: guard.at })),
      ]
      const { places, send } = await lay(t, layout, ['/mcp', '/mcp/admin'], lines, { rootMetadata: true })
      for (const [path, resource] of [
        [wellKnown, '/mcp'],
        [`${wellKnown}/mcp`, '/mcp'],
        [`${wellKnown}/mcp/admin`, '/mcp/admin'],
      ] as const) {
        assert.equal(JSON.parse((await send({ method: 'GET', path })).body).resource, `${origin}${resource}`)
      }
      for (const { expect } of places) await expect('C0', {})
    })
  })
}
