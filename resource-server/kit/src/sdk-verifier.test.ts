import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createServer } from 'node:http'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { requireBearerAuth as requireV2 } from '@modelcontextprotocol/express'
import * as v1Errors from '@modelcontextprotocol/sdk/server/auth/errors.js'
import { requireBearerAuth as requireV1 } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js'
import { OAuthError, requireBearerAuth as requireFetch } from '@modelcontextprotocol/server'
import { generateApiKey, hashApiKey } from '@postern/core'
import express, { type RequestHandler } from 'express'
import { createResourceServer, type ResourceServer } from './resource-server.ts'
import { brokenToken } from './testing/broken-token.ts'
import { createFakeIssuer, type FakeIssuer } from './testing/fake-issuer.ts'

const resource = 'https://mcp.example/mcp'
const key = generateApiKey()
let issuer: FakeIssuer
let rs: ResourceServer

before(async () => {
  issuer = await createFakeIssuer({ audience: resource })
  rs = createResourceServer({
    resource,
    issuers: [{ issuer: issuer.issuer, allowedClients: ['client-1'] }],
    requiredScopes: ['read'],
    scopeHierarchy: { admin: ['read', 'write'] },
    apiKeys: [{ id: 'k1', name: 'Build', hash: await hashApiKey(key), scopes: ['admin'] }],
  })
})

after(async () => {
  rs.close()
  await issuer.close()
})

interface Answer {
  readonly status: number
  readonly challenge: string | null
  readonly body: { error?: string; error_description?: string; subject?: string }
}

/** Asks a route behind a gate of an SDK. */
async function ask(gate: RequestHandler, token: string): Promise<Answer> {
  const app = express().get('/', gate, (req, res) => {
    res.json({ subject: Object.getOwnPropertyDescriptor(req, 'auth')?.value.subject })
  })
  const server = createServer(app)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const response = await fetch(`http://127.0.0.1:${port}/`, { headers: { authorization: `Bearer ${token}` } })
    return { status: response.status, challenge: response.headers.get('www-authenticate'), body: await response.json() }
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

const gates: Record<string, (requiredScopes?: string[]) => RequestHandler> = {
  'v1 requireBearerAuth': (requiredScopes = []) => requireV1({ verifier: rs.verifier, requiredScopes }),
  'v2 requireBearerAuth': (requiredScopes = []) => requireV2({ verifier: rs.verifier, requiredScopes }),
}

for (const [name, gate] of Object.entries(gates)) {
  test(`${name}: a good token and an API key pass, implied scopes included`, async () => {
    assert.deepEqual(await ask(gate(), issuer.mint()), { status: 200, challenge: null, body: { subject: 'user-1' } })
    const byKey = await ask(gate(['write']), key)
    assert.deepEqual([byKey.status, byKey.body.subject], [200, 'apikey:k1'])
  })

  test(`${name}: every other answer is as near as that gate can come`, async () => {
    const dead = await ask(gate(), brokenToken(issuer, 'expired'))
    assert.deepEqual([dead.status, dead.body.error], [401, 'invalid_token'])
    assert.match(dead.challenge ?? '', /^Bearer error="invalid_token"/)
    const scope = await ask(gate(['read']), issuer.mint({ scope: 'other' }))
    assert.deepEqual([scope.status, scope.body.error], [403, 'insufficient_scope'])
    assert.match(scope.challenge ?? '', /scope="read"/)
    const policy = await ask(gate(), issuer.mint({ client_id: 'stranger' }))
    assert.deepEqual([policy.status, policy.body.error, policy.challenge], [400, 'access_denied', null])
    for (const token of ['not-a-jwt', 'a'.repeat(8000), '{}']) assert.equal((await ask(gate(), token)).status, 401)
  })

  test(`${name}: keys that cannot be had are no fault of the token`, async () => {
    const closed = rs
    rs = createResourceServer({ resource, issuers: [{ issuer: 'http://127.0.0.1:9' }] })
    try {
      const answer = await ask(gate(), issuer.mint({ iss: 'http://127.0.0.1:9' }))
      assert.deepEqual([answer.status, answer.body.error, answer.challenge], [500, 'server_error', null])
    } finally {
      rs.close()
      rs = closed
    }
  })
}

test('the fetch gate of v2 takes the verifier too', async () => {
  const gate = requireFetch({ verifier: rs.verifier, resourceMetadataUrl: rs.metadataUrl ?? '' })
  const passed = await gate(new Request(resource, { headers: { authorization: `Bearer ${issuer.mint()}` } }))
  assert.ok(!(passed instanceof Response))
  const refused = await gate(new Request(resource, { headers: { authorization: 'Bearer x' } }))
  assert.ok(refused instanceof Response)
  assert.equal(refused.status, 401)
  assert.match(refused.headers.get('www-authenticate') ?? '', /resource_metadata="https:\/\/mcp\.example\//)
})

test('one error is an error of both generations, and says nothing of the token', async () => {
  const error = await rs.verifier.verifyAccessToken(brokenToken(issuer, 'expired')).catch((reason: unknown) => reason)
  assert.ok(error instanceof v1Errors.InvalidTokenError)
  assert.ok(error instanceof OAuthError)
  assert.equal(error.code, 'invalid_token')
  assert.deepEqual(error.toResponseObject(), { error: 'invalid_token', error_description: error.message })
})

test('the classes can be given, for a copy of the SDK that the kit cannot find', async () => {
  class Foreign extends Error {}
  const classes = {
    InvalidTokenError: Foreign,
    InsufficientScopeError: Foreign,
    AccessDeniedError: Foreign,
    ServerError: Foreign,
  }
  await assert.rejects(rs.verifier.withErrors(classes).verifyAccessToken('x'), Foreign)
})

/** A program of CommonJS, whose copy of the SDK is another one than that of `import`. */
const commonJs = `
const express = require('express')
const { requireBearerAuth } = require('@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js')
const { createResourceServer } = require('./index.ts')
const { brokenToken, createFakeIssuer } = require('./testing/index.ts')

createFakeIssuer({ audience: 'https://mcp.example/mcp' }).then(async (issuer) => {
  const rs = createResourceServer({ resource: 'https://mcp.example/mcp', issuers: [{ issuer: issuer.issuer }] })
  const app = express().get('/', requireBearerAuth({ verifier: rs.verifier }), (req, res) => res.end())
  const server = app.listen(0, '127.0.0.1', async () => {
    const statuses = []
    for (const token of [issuer.mint(), brokenToken(issuer, 'expired'), brokenToken(issuer, 'aud-other')]) {
      const headers = { authorization: 'Bearer ' + token }
      statuses.push((await fetch('http://127.0.0.1:' + server.address().port, { headers })).status)
    }
    console.log(statuses.join())
    process.exit()
  })
})
`

test('in a CommonJS program a dead token is 401 too, so that the client gets a new one, and not 500', async () => {
  const args = ['--input-type=commonjs', '--eval', commonJs]
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: import.meta.dirname, timeout: 30_000 })
  assert.equal(stdout.trim(), '200,401,401')
})

test('an API key that has no end gets one for the gates, and nowhere else', async () => {
  const { expiresAt } = await rs.verifier.verifyAccessToken(key)
  assert.ok(expiresAt > Date.now() / 1000 && expiresAt < Date.now() / 1000 + 301)
})
