import assert from 'node:assert/strict'
import { createHash, X509Certificate } from 'node:crypto'
import { createServer, request as httpsRequest } from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterEach, test } from 'node:test'
import express from 'express'
import Koa from 'koa'
import { createResourceServer, type ResourceServer } from '../resource-server.ts'
import { createCertificate, type TestCertificate } from '../testing/certificate.ts'
import { createFakeIssuer } from '../testing/fake-issuer.ts'
import * as expressKit from './express.ts'
import * as koaKit from './koa.ts'
import * as nodeKit from './node.ts'

const resource = 'https://mcp.example/mcp'
const opened: { close(): unknown }[] = []

afterEach(async () => {
  await Promise.all(opened.splice(0).map((thing) => thing.close()))
})

const apps = {
  express: (rs: ResourceServer) => express().use(expressKit.guard(rs), (_req, res) => void res.end('in')),
  koa: (rs: ResourceServer) =>
    new Koa()
      .use(koaKit.guard(rs))
      .use((ctx) => {
        ctx.body = 'in'
      })
      .callback(),
  node: (rs: ResourceServer): Parameters<typeof createServer>[1] => {
    const check = nodeKit.guard(rs)
    return (req, res) => check(req, res, () => res.end('in'))
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
    const server = createServer(tls, serve(rs))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    opened.push(issuer, rs, {
      close() {
        server.closeAllConnections()
        return new Promise((resolve) => server.close(resolve))
      },
    })
    const { port } = server.address() as AddressInfo
    const token = issuer.mint({ cnf: { 'x5t#S256': createHash('sha256').update(client.der).digest('base64url') } })
    assert.equal(await ask(port, token, client), 200)
    assert.equal(await ask(port, token, stranger), 401)
    assert.equal(await ask(port, token, undefined), 401)
    assert.equal(await ask(port, token, client), 200)
    assert.equal(await ask(port, issuer.mint(), undefined), 200)
  })
}
