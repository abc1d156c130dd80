import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { test } from 'node:test'
import Fastify from 'fastify'
import { createResourceServer, type ResourceServer } from '../resource-server.ts'
import { createFakeIssuer } from '../testing/fake-issuer.ts'
import * as fastifyKit from './fastify.ts'
import * as nodeKit from './node.ts'

const resource = 'https://mcp.example/mcp'

/** Something answers while the guard waits for keys, as a middleware for time-outs does. */
const hosts: Record<string, (rs: ResourceServer) => RequestListener | Promise<RequestListener>> = {
  node(rs) {
    const check = nodeKit.guard(rs)
    return (req, res) => {
      check(req, res, () => undefined)
      res.end('late')
    }
  },
  async fastify(rs) {
    const state: { listener?: RequestListener } = {}
    const app = Fastify({
      serverFactory(listener) {
        state.listener = listener
        return createServer()
      },
    })
    const check = fastifyKit.guard(rs)
    app.all('/mcp', {
      onRequest(request, reply, done) {
        check(request, reply, done)
        reply.raw.end('late')
      },
      handler: () => 'x',
    })
    await app.ready()
    return (req, res) => state.listener?.(req, res)
  },
}

for (const [name, host] of Object.entries(hosts)) {
  for (const changes of [{}, { aud: 'https://other.example' }]) {
    test(`${name}: a decision about a request that is answered already ends no process (${JSON.stringify(changes)})`, async () => {
      const issuer = await createFakeIssuer({ audience: resource })
      const progress = new EventEmitter()
      const decided = once(progress, 'decided')
      issuer.fail('jwks', { hold: once(progress, 'answered') })
      const onEvent = () => void progress.emit('decided')
      const rs = createResourceServer({ resource, issuers: [{ issuer: issuer.issuer }], onEvent })
      const rejections: unknown[] = []
      const take = (error: unknown) => void rejections.push(error)
      process.on('unhandledRejection', take)
      const server = createServer(await host(rs)).listen(0)
      try {
        const address = server.address()
        const url = `http://localhost:${typeof address === 'object' ? address?.port : 0}/mcp`
        const headers = { authorization: `Bearer ${issuer.mint(changes)}`, origin: 'https://app.example' }
        assert.equal(await (await fetch(url, { headers })).text(), 'late')
        progress.emit('answered')
        await decided
        await new Promise((resolve) => setTimeout(resolve, 0))
        assert.deepEqual(rejections, [])
      } finally {
        process.off('unhandledRejection', take)
        server.closeAllConnections()
        server.close()
        rs.close()
        await issuer.close()
      }
    })
  }
}

test('node: a refusal of a request whose head was sent already cuts the answer off, for its end would never come', async () => {
  const rs = createResourceServer({ resource, issuers: [{ issuer: 'https://as.example' }] })
  const check = nodeKit.guard(rs)
  let passed = 0
  const server = createServer((req, res) => {
    res.flushHeaders()
    check(req, res, () => {
      passed += 1
    })
  }).listen(0)
  try {
    const address = server.address()
    const response = await fetch(`http://localhost:${typeof address === 'object' ? address?.port : 0}/mcp`)
    await assert.rejects(response.text())
    assert.equal(passed, 0)
  } finally {
    server.closeAllConnections()
    server.close()
    rs.close()
  }
})
