import assert from 'node:assert/strict'
import { createHash, X509Certificate } from 'node:crypto'
import type { RequestListener } from 'node:http'
import { createServer, request as httpsRequest, type ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterEach, test } from 'node:test'
import express from 'express'
import express4 from 'express4'
import Fastify from 'fastify'
import Koa from 'koa'
import { createResourceServer, type ResourceServer } from '../resource-server.ts'
import { createCertificate, type TestCertificate } from '../testing/certificate.ts'
import { createFakeIssuer } from '../testing/fake-issuer.ts'
import * as expressKit from './express.ts'
import * as fastifyKit from './fastify.ts'
import * as koaKit from './koa.ts'
import * as nodeKit from './node.ts'

const resource = 'https://mcp.example/mcp'
const opened: { close(): unknown }[] = []

afterEach(async () => {
  await Promise.all(opened.splice(0).map((thing) => thing.close()))
})

interface Running {
  readonly port: number
  close(): Promise<unknown>
}

async function listen(tls: ServerOptions, listener: RequestListener): Promise<Running> {
  const server = createServer(tls, listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(resolve))
    },
  }
}

const apps: Readonly<Record<string, (rs: ResourceServer, tls: ServerOptions) => Promise<Running>>> = {
  express: (rs, tls) =>
    listen(
      tls,
      express().use(expressKit.guard(rs), (_req, res) => void res.end('in')),
    ),
  'express 4': (rs, tls) =>
    listen(
      tls,
      express4().use(expressKit.guard(rs), (_req, res) => void res.end('in')),
    ),
  // It makes its TLS server itself.
  async fastify(rs, tls) {
    const app = Fastify({ https: tls, forceCloseConnections: true })
    app.all('/mcp', { onRequest: fastifyKit.guard(rs) }, () => 'in')
    await app.listen({ port: 0, host: '127.0.0.1' })
    return { port: (app.server.address() as AddressInfo).port, close: () => app.close() }
  },
  koa: (rs, tls) =>
    listen(
      tls,
      new Koa()
        .use(koaKit.guard(rs))
        .use((ctx) => {
          ctx.body = 'in'
        })
        .callback(),
    ),
  node(rs, tls) {
    const check = nodeKit.guard(rs)
    return listen(tls, (req, res) => check(req, res, () => res.end('in')))
  },
}

const own = createCertificate('server')
const client = createCertificate('client')
const stranger = createCertificate('stranger')

function ask(port: number, token: string, certificate: TestCertificate | undefined): Promise<number | undefined> {
  const identity = certificate === undefined ? {} : { key: certificate.key, cert: certificate.cert }
  const headers = { authorization: `Bearer ${token}`, 'x-client-cert': encodeURIComponent(client.cert) }
  const tls = { host: '127.0.0.1', port, rejectUnauthorized: false, agent: false, ...identity }
  return new Promise((resolve, reject) => {
    httpsRequest({ ...tls, method: 'POST', path: '/mcp', headers }, (res) => {
      res.resume().on('end', () => resolve(res.statusCode))
    })
      .on('error', reject)
      .end()
  })
}

test('the certificate is one that X.509 readers read', () => {
  const { subject, raw } = new X509Certificate(client.cert)
  assert.equal(subject, 'CN=client')
  assert.deepEqual(new Uint8Array(raw), client.der)
})

for (const [name, serve] of Object.entries(apps)) {
  test(`${name}: H25 the certificate of the TLS connection, and no header, is what counts`, async () => {
    const issuer = await createFakeIssuer({ audience: resource })
    const rs = createResourceServer({ resource, issuers: [{ issuer: issuer.issuer }], mtls: {} })
    const tls = { key: own.key, cert: own.cert, requestCert: true, rejectUnauthorized: false }
    const server = await serve(rs, tls)
    opened.push(issuer, rs, server)
    const { port } = server
    const token = issuer.mint({ cnf: { 'x5t#S256': createHash('sha256').update(client.der).digest('base64url') } })
    assert.equal(await ask(port, token, client), 200)
    assert.equal(await ask(port, token, stranger), 401)
    assert.equal(await ask(port, token, undefined), 401)
    assert.equal(await ask(port, token, client), 200)
    assert.equal(await ask(port, issuer.mint(), undefined), 200)
  })
}
