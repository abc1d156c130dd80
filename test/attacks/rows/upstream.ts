import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { createUpstreamFetch, exchangeToken, TokenExchangeError } from '@postern/resource-server'
import { createSessionId } from '@postern/resource-server/mcp'
import type { Fixture } from '../fixture.ts'
import type { Row } from '../row.ts'

/** The caller behind the guard, as a tool sees it. */
async function callerOf({ issuer, expect, host }: Fixture) {
  await expect('OK', issuer.mint())
  return host.callers.at(-1) ?? assert.fail()
}

interface Asked {
  readonly url: string | undefined
  readonly authorization: string | undefined
  readonly form: Record<string, string>
}

/** A token endpoint on a port of its own, which answers so. */
async function withEndpoint(
  answer: { readonly status?: number; readonly body: unknown },
  use: (tokenEndpoint: string, asked: Asked[]) => Promise<void>,
): Promise<void> {
  const asked: Asked[] = []
  const server = createServer(async (req, res) => {
    const form = Object.fromEntries(new URLSearchParams((await req.toArray()).join('')))
    asked.push({ url: req.url, authorization: req.headers.authorization, form })
    res.writeHead(answer.status ?? 200, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  try {
    await use(`http://127.0.0.1:${port}/token`, asked)
  } finally {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
}

/** G7, G8 and K10: what a server does with its caller's token and names. */
export const upstream: readonly Row[] = [
  {
    id: 'G7',
    what: "the caller's token is sent to no other service, in whatever place",
    setUp: {},
    async play(fixture) {
      const auth = await callerOf(fixture)
      const sent: unknown[] = []
      const ask = createUpstreamFetch(auth, {
        fetch: async (target) => {
          sent.push(target)
          return new Response('fine')
        },
      })
      const api = 'https://api.example/items'
      const { token } = auth
      const wrong: readonly (readonly [RequestInfo | URL, RequestInit?])[] = [
        [api, { headers: { authorization: `Bearer ${token}` } }],
        [api, { headers: { 'x-token': token } }],
        [api, { headers: { authorization: `Basic ${btoa(`${token}:`)}` } }],
        [`${api}?access_token=${token}`],
        [new URL(`${api}?access_token=${token}`)],
        [api, { method: 'POST', body: JSON.stringify({ token }) }],
        [api, { method: 'POST', body: new URLSearchParams({ access_token: token }) }],
        [api, { method: 'POST', body: new TextEncoder().encode(token) }],
        [api, { method: 'POST', body: new Blob([token]) }],
        [new Request(api, { headers: { authorization: `Bearer ${token}` } })],
        [new Request(api, { method: 'POST', body: token })],
      ]
      for (const [target, init] of wrong) await assert.rejects(ask(target, init), /exchangeToken/)
      assert.deepEqual(sent, [])
      assert.equal(await (await ask(api, { headers: { authorization: 'Bearer another' } })).text(), 'fine')
      assert.equal(sent.length, 1)
    },
  },
  {
    id: 'G8',
    what: 'an exchange shows the token to the authorization server alone, and gives one for the other service',
    setUp: {},
    async play(fixture) {
      const auth = await callerOf(fixture)
      const body = { access_token: 'for-the-api', token_type: 'Bearer', expires_in: 60, scope: 'items:read' }
      await withEndpoint({ body }, async (tokenEndpoint, asked) => {
        const { clock, events } = fixture
        const client = { clientId: 'my-server', clientSecret: 's:ecret' }
        const options = { tokenEndpoint, ...client, resource: 'https://api.example', scopes: ['items:read'], clock }
        const exchanged = await exchangeToken(auth, options)
        assert.deepEqual(exchanged, {
          accessToken: 'for-the-api',
          tokenType: 'Bearer',
          expiresAt: Math.floor(clock.now() / 1000) + 60,
          scopes: ['items:read'],
        })
        const [{ url, authorization, form } = assert.fail()] = asked
        assert.equal(url, '/token')
        assert.equal(authorization, `Basic ${btoa('my-server:s%3Aecret')}`)
        assert.deepEqual(form, {
          grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
          subject_token: auth.token,
          subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
          requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
          resource: 'https://api.example',
          scope: 'items:read',
        })
        assert.ok(!JSON.stringify(events).includes(auth.token))
      })
    },
  },
  {
    id: 'G8',
    what: 'an exchange that is refused says the code and nothing else',
    setUp: {},
    async play(fixture) {
      const auth = await callerOf(fixture)
      const bodies: readonly (readonly [number, unknown, string])[] = [
        [400, { error: 'invalid_target', error_description: auth.token }, 'invalid_target'],
        [400, { error: `<b>${auth.token}` }, 'server_error'],
        [500, 'oops', 'server_error'],
        [200, { token_type: 'Bearer' }, 'server_error'],
        [307, {}, 'temporarily_unavailable'],
      ]
      for (const [status, body, code] of bodies) {
        await withEndpoint({ status, body }, async (tokenEndpoint) => {
          const asking = exchangeToken(auth, { tokenEndpoint, clientId: 'c', clientSecret: 's', audience: 'api' })
          await assert.rejects(asking, (error) => {
            assert.ok(error instanceof TokenExchangeError)
            assert.equal(error.code, code)
            assert.ok(!`${error.message}${error.stack}`.includes(auth.token))
            return true
          })
        })
      }
    },
  },
  {
    id: 'G8',
    what: 'an exchange that names no service, or an endpoint without https, is not begun',
    setUp: {},
    async play(fixture) {
      const auth = await callerOf(fixture)
      const client = { clientId: 'c', clientSecret: 's' }
      const tokenEndpoint = 'http://as.example/token'
      await assert.rejects(
        exchangeToken(auth, { tokenEndpoint, ...client, audience: 'a' }),
        /^ConfigError: tokenEndpoint: /,
      )
      await assert.rejects(exchangeToken(auth, { tokenEndpoint: 'https://as.example/token', ...client }), /resource: /)
    },
  },
  {
    id: 'K10',
    what: 'session ids: 192 bits of chance, and nothing of the token',
    async play({ issuer, expect, host }) {
      await expect('OK', issuer.mint())
      const ids = Array.from({ length: 10_000 }, createSessionId)
      assert.equal(new Set(ids).size, ids.length)
      const token = host.callers.at(-1)?.token ?? assert.fail()
      for (const id of ids) {
        assert.match(id, /^[\w-]{32}$/)
        assert.ok(!token.includes(id.slice(0, 12)))
      }
      const columns = Array.from({ length: 32 }, (_, at) => new Set(ids.map((id) => id[at])).size)
      assert.deepEqual(new Set(columns), new Set([64]), 'every place has every character')
    },
  },
  {
    id: 'L5',
    what: 'no event has a token, a secret, a subject or an address in clear',
    setUp: {},
    async play({ issuer, expect, events }) {
      const email = 'alice@example.com'
      const token = issuer.mint({ sub: email, email })
      await expect('OK', token)
      await expect('IS', issuer.mint({ sub: email, email, scope: 'other' }))
      const everything = JSON.stringify(events)
      for (const secret of [email, token, ...token.split('.')]) assert.ok(!everything.includes(secret))
      assert.match(events.at(-1)?.subjectHash ?? '', /^[\w-]{43}$/)
    },
  },
  {
    id: 'L6',
    what: 'each decision is one event: reason, status, client, resource, how long it took',
    setUp: {},
    async play({ issuer, send, events, rs }) {
      const before = events.length
      await send(issuer.mint())
      await send(issuer.mint({ scope: 'other' }))
      await send({})
      const told = events.slice(before)
      assert.deepEqual(
        told.map(({ kind, outcome, reason, status, clientId }) => [kind, outcome, reason, status, clientId]),
        [
          ['access.verified', 'ok', 'ok', undefined, 'client-1'],
          ['access.refused', 'refused', 'insufficient_scope', 403, 'client-1'],
          ['access.refused', 'refused', 'no_credential', 401, undefined],
        ],
      )
      for (const { resource, durationMs } of told) {
        assert.equal(resource, rs.resource)
        assert.ok(typeof durationMs === 'number' && durationMs >= 0)
      }
    },
    because:
      'Of what the row lists, issuer and kid are not kept; reason, status, client and latency (durationMs) are, and the span auth.verify and the counter have a test of their own (L6 in telemetry.test.ts), for their API is one for the whole process. The fields of an event are a contract between the kit, the recorder, which stores them by columns, and the events API, and neither is among them. Nor would they say more than the reason does: of a token whose signature does not verify both are words of whoever sent it, and of one whose signature does, the hash of the token leads to the event of the issuer that made it.',
  },
]
