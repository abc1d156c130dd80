// One Express 5 route: open, or behind the kit's guard with a warm verified-token cache.
import type { AddressInfo } from 'node:net'
import { createResourceServer } from '@postern/resource-server'
import { guard } from '@postern/resource-server/express'
import { createFakeIssuer } from '@postern/resource-server/testing'
import express, { type Request, type Response } from 'express'
import { announce } from './announce.ts'

const resource = 'http://localhost:9999/mcp'
const issuer = await createFakeIssuer()
const token = issuer.mint({ aud: resource, scope: 'read' })
const app = express()
const answer = (_request: Request, response: Response) => {
  response.json({ ok: true })
}
if (process.argv[2] === 'guarded') {
  const rs = createResourceServer({ resource, issuers: [{ issuer: issuer.issuer }], requiredScopes: ['read'] })
  app.get('/mcp', guard(rs), answer)
} else {
  app.get('/mcp', answer)
}
const server = app.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  announce({ url: `http://127.0.0.1:${port}/mcp`, method: 'GET', headers: { authorization: `Bearer ${token}` } })
})
