import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { createIdpLink } from './idp-link.ts'
import type { Registration, ResourceRequest } from './types.ts'

const adminToken = 'the-admin-token-of-this-test'
const request: ResourceRequest = {
  poolId: 'p',
  identifier: 'http://localhost:4701/mcp',
  name: 'tools',
  scopes: ['read', 'write'],
}

type Answer = (req: IncomingMessage, res: ServerResponse, body: string) => void

/** A management API that behaves as the test says, and what it was asked. */
async function startApi(answer: Answer) {
  const asked: { method: string; url: string; authorization: string; body: string }[] = []
  const server = createServer(async (req, res) => {
    let body = ''
    for await (const chunk of req) body += chunk
    asked.push({ method: req.method ?? '', url: req.url ?? '', authorization: req.headers.authorization ?? '', body })
    answer(req, res, body)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const idpUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    asked,
    idpUrl,
    link: createIdpLink({ managementUrl: idpUrl, adminToken }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function json(res: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}) {
  res.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
}

const empty = { items: [], nextCursor: null }
const known = (identifier: string, ...scopes: string[]) => ({
  id: `of-${identifier.length}`,
  identifier,
  scopes: scopes.map((name) => ({ name })),
  createdAt: 'not looked at',
  more: 'from a newer version',
})

test('a resource that is not there is made, with the token and the scopes', async () => {
  await using api = await startApi((req, res) => {
    if (req.method === 'GET') json(res, 200, empty)
    else json(res, 201, known(request.identifier))
  })
  assert.deepEqual(await api.link.register(request), { state: 'registered', changed: true })
  const [list, create, ...others] = api.asked
  assert.deepEqual(others, [])
  assert.equal(list?.url, '/api/v1/user-pools/p/resources?limit=100')
  assert.equal(create?.method, 'POST')
  assert.equal(create?.url, '/api/v1/user-pools/p/resources')
  assert.ok(api.asked.every(({ authorization }) => authorization === `Bearer ${adminToken}`))
  assert.deepEqual(JSON.parse(create?.body ?? ''), {
    identifier: request.identifier,
    name: 'tools',
    scopes: [{ name: 'read' }, { name: 'write' }],
  })
  assert.equal(api.link.byHand(request), `POST ${api.idpUrl}/api/v1/user-pools/p/resources ${create?.body}`)
})

test('one that is there is found on a later page, and left as it is', async () => {
  await using api = await startApi((req, res) => {
    const second = req.url?.includes('cursor=next%3D')
    const items = [known(second ? `${request.identifier}/` : 'http://localhost:1/other', 'write', 'read')]
    json(res, 200, { items, nextCursor: second ? null : 'next=' })
  })
  assert.deepEqual(await api.link.register(request), { state: 'registered', changed: false })
  assert.deepEqual(
    api.asked.map(({ method }) => method),
    ['GET', 'GET'],
  )
})

test('somebody else makes it at the same moment: it is completed', async () => {
  let isThere = false
  await using api = await startApi((req, res) => {
    if (req.method === 'GET')
      return json(res, 200, isThere ? { ...empty, items: [known(request.identifier, 'read')] } : empty)
    if (req.method === 'PATCH') return json(res, 200, known(request.identifier))
    isThere = true
    return json(res, 409, { code: 'duplicate' })
  })
  assert.deepEqual(await api.link.register(request), { state: 'registered', changed: true })
  const last = api.asked.at(-1)
  assert.equal(last?.method, 'PATCH')
  assert.deepEqual(JSON.parse(last?.body ?? ''), { scopes: [{ name: 'read' }, { name: 'write' }] })
})

const refusals: [what: string, answer: Answer, state: Registration['state'], problem: RegExp][] = [
  ['401', (_req, res) => json(res, 401, {}), 'refused', /POSTERN_ADMIN_TOKEN/],
  ['404', (_req, res) => json(res, 404, {}), 'later', /pool does not exist/],
  ['500', (_req, res) => json(res, 500, {}), 'later', /status 500/],
  ['429', (_req, res) => json(res, 429, {}), 'later', /status 429/],
  ['403', (_req, res) => json(res, 403, {}), 'refused', /status 403/],
  [
    'a redirect, which would carry the token away',
    (_req, res) => json(res, 307, {}, { location: 'http://127.0.0.1:1/' }),
    'later',
    /redirect/,
  ],
  ['no JSON', (_req, res) => void res.writeHead(200).end('<html>'), 'refused', /cannot be understood/],
  ['another list', (_req, res) => json(res, 200, { items: [{ id: 1 }] }), 'refused', /cannot be understood/],
  ['more than is read', (_req, res) => void res.writeHead(200).end(' '.repeat(2 * 1024 * 1024)), 'later', /longer/],
  ['a broken connection', (req) => void req.socket.destroy(), 'later', /no answer/],
  [
    'a 409 that is no duplicate',
    (req, res) => (req.method === 'GET' ? json(res, 200, empty) : json(res, 409, { code: 'limit' })),
    'refused',
    /status 409/,
  ],
]
for (const [what, answer, state, problem] of refusals) {
  test(`${what}: ${state}, and nothing of the answer or the token is repeated`, async () => {
    await using api = await startApi(answer)
    const result = await api.link.register(request)
    assert.equal(result.state, state)
    assert.ok('problem' in result)
    assert.match(result.problem, problem)
    assert.ok(!result.problem.includes(adminToken))
    assert.ok(!result.problem.includes('<html>'))
  })
}

test('a list without an end is not followed for ever', async () => {
  await using api = await startApi((req, res) => {
    if (req.method === 'GET') json(res, 200, { items: [known('http://localhost:1/other')], nextCursor: 'again' })
    else json(res, 201, known(request.identifier))
  })
  assert.equal((await api.link.register(request)).state, 'registered')
  assert.ok(api.asked.length < 20)
})

test('giving up ends a request that hangs', async () => {
  const controller = new AbortController()
  await using api = await startApi(() => controller.abort())
  assert.equal((await api.link.register(request, controller.signal)).state, 'later')
})

test('what the scopes of a resource imply is learnt with it, and can be asked for again', async () => {
  const scopes = [{ name: 'read' }, { name: 'write', implies: ['read'] }]
  await using api = await startApi((req, res) => {
    if (req.method === 'GET') json(res, 200, { ...empty, items: [{ ...known(request.identifier), scopes }] })
    else json(res, 500, {})
  })
  const implied = { write: ['read'] }
  assert.deepEqual(await api.link.register(request), { state: 'registered', changed: false, implied })
  assert.deepEqual(await api.link.implied(request), implied)
  assert.ok(
    api.asked.every(({ method }) => method === 'GET'),
    'asking makes nothing',
  )
})

test('where it cannot be asked for, nothing is known; a resource that is gone implies nothing', async () => {
  await using broken = await startApi((_req, res) => json(res, 500, {}))
  assert.equal(await broken.link.implied(request), undefined)
  await using gone = await startApi((_req, res) => json(res, 200, empty))
  assert.deepEqual(await gone.link.implied(request), {})
})
