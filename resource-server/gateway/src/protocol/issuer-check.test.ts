import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import { test } from 'node:test'
import { eventually, restOf } from '../testing/rest.ts'
import { startGateway } from '../testing/start-gateway.ts'

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : 0)
    })
  })
}

test('a service whose issuer cannot be reached is Ready, with a warning, which goes when the issuer is there', async (t) => {
  let up = false
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const key = { ...publicKey.export({ format: 'jwk' }), kid: 'one', alg: 'ES256', use: 'sig' }
  const server = createServer((req, res) => {
    const issuer = `http://127.0.0.1:${port}`
    if (!up) return void res.writeHead(502).end()
    res.setHeader('content-type', 'application/json')
    const isDiscovery = req.url === '/.well-known/openid-configuration'
    res.end(JSON.stringify(isDiscovery ? { issuer, jwks_uri: `${issuer}/jwks` } : { keys: [key] }))
  })
  const port = await listen(server, 0)
  t.after(() => server.close())
  await using gateway = await startGateway()
  const call = restOf(gateway)
  const discoveryUrl = `http://127.0.0.1:${port}/.well-known/openid-configuration`
  const { id } = await gateway.createService({
    name: 'a',
    path: '/a',
    backend: { type: 'builtin' },
    authorizers: [{ type: 'CustomJWT', discoveryUrl }],
  })
  const warningOf = async (): Promise<string | undefined> => (await call('GET', `/mcp-services/${id}`)).body.warnings[0]
  const warning = await eventually('the warning', warningOf)
  assert.match(warning, new RegExp(`^the keys of http://127\\.0\\.0\\.1:${port} cannot be had.*: .+discoveryUrl`))
  assert.equal((await call('GET', `/mcp-services/${id}`)).body.status, 'Ready')
  up = true
  await eventually('its end', async () => ((await warningOf()) === undefined ? true : undefined))
})
