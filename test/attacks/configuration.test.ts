import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigError, createResourceServer, type ResourceServerOptions } from '@postern/resource-server'

const issuer = 'https://as.example'
const good = { resource: 'https://mcp.example/mcp', issuers: [{ issuer }] }

/** Rows whose answer is CFG: the resource server is not even made, and the error names the option. */
const rows: readonly (readonly [id: string, option: string, options: object])[] = [
  ['B5', 'issuers[0].algorithms[0]', { ...good, issuers: [{ issuer, algorithms: ['HS256'] }] }],
  ['E2', 'issuers[0].jwksUri', { ...good, issuers: [{ issuer, jwksUri: 'http://as.example/jwks' }] }],
  ['E2', 'issuers[0].jwksUri', { ...good, issuers: [{ issuer, jwksUri: 'ftp://as.example/jwks' }] }],
  ['E2', 'issuers[0].jwksUri', { ...good, issuers: [{ issuer, jwksUri: 'https://u:p@as.example/jwks' }] }],
  ['E2', 'issuers[0].jwksUri', { ...good, issuers: [{ issuer, jwksUri: 'https://as.example/jwks#a' }] }],
  ['E17', 'remoteJwtSet', { ...good, remoteJwtSet: { timeoutDuration: 1 } }],
  ['F7', 'resource', { ...good, resource: 'https://mcp.example/mcp#a' }],
  ['F7', 'resource', { ...good, resource: '/mcp' }],
  ['F7', 'resource', { ...good, resource: 'http://mcp.example/mcp' }],
  ['F7', 'resource', { ...good, resource: 'https://u:p@mcp.example/mcp' }],
  ['F7', 'resource', { ...good, resource: 'https://mcp.example/.well-known/mcp' }],
  ['F7', 'resource', { ...good, resource: 'not a url' }],
  ['F17', 'issuers', { ...good, issuers: [] }],
  ['F18', 'issuers[0].issuer', { ...good, issuers: [{ issuer: 'javascript:alert(1)' }] }],
  ['F18', 'issuers[0].issuer', { ...good, issuers: [{ issuer: 'http://as.example' }] }],
  ['F18', 'issuers[0].issuer', { ...good, issuers: [{ issuer: 'https://as.example?a' }] }],
  ['F18', 'issuers[0].issuer', { ...good, issuers: [{ issuer: 'https://as.example#a' }] }],
  ['J3', 'apiKeys[0].hash', { ...good, apiKeys: [{ id: 'k', name: 'k', hash: '' }] }],
]

for (const [id, option, options] of rows) {
  test(`${id} ${JSON.stringify(options)}`, () => {
    assert.throws(
      () => createResourceServer(options as ResourceServerOptions),
      (error) => error instanceof ConfigError && error.option === option && error.message.startsWith(`${option}: `),
    )
  })
}
