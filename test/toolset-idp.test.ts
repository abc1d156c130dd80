// A toolset behind the tokens of a pool: registered there by itself, with an audience of its own.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startGateway } from '@postern/gateway/testing'
import { startIdp } from '@postern/idp/testing'

async function tools(url: string, bearer: string): Promise<string[] | number> {
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    authorization: `Bearer ${bearer}`,
  }
  const response = await fetch(url, { method: 'POST', headers, body: '{"jsonrpc":"2.0","id":1,"method":"tools/list"}' })
  const body = await response.json()
  return response.ok ? body.result.tools.map(({ name }: { name: string }) => name) : response.status
}

test('a token for a toolset is good there alone, and its keys too', { timeout: 60_000 }, async (t) => {
  const idp = await startIdp()
  t.after(() => idp.close())
  const pool = await idp.createPool({ id: 'team', name: 'team' })
  const key = `pst_${'k'.repeat(43)}`
  const authorizers = [{ type: 'CustomJWT' as const, discoveryUrl: pool.discoveryUrl }]
  const gateway = await startGateway({
    idp,
    seed: {
      version: 1,
      services: [{ id: 'one', path: '/one', backend: { type: 'builtin' }, authorizers }],
      toolsets: [
        {
          id: 'all',
          path: '/all',
          serviceIds: ['one'],
          authorizers: [...authorizers, { type: 'ApiKey', apiKeys: [{ name: 'me', key }] }],
        },
      ],
    },
  })
  t.after(() => gateway.close())
  const client = await pool.createClient({ name: 'agent' })
  const [service, toolset] = [`${gateway.url}/one`, `${gateway.url}/all`]
  const tokenFor = async (resource: string) => {
    // It is registered in the background.
    for (let tries = 0; tries < 500; tries++) {
      const token = await pool.token({ client, resource }).catch(() => undefined)
      if (token !== undefined) return token
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    return assert.fail(`no token for ${resource}`)
  }
  const [forService, forToolset] = [await tokenFor(service), await tokenFor(toolset)]
  const merged = ['one__whoami', 'one__echo', 'one__current_time']
  assert.deepEqual(await tools(toolset, forToolset), merged)
  assert.deepEqual(await tools(toolset, key), merged)
  assert.equal(await tools(toolset, forService), 401)
  assert.equal(await tools(service, forToolset), 401)
  assert.equal(await tools(service, key), 401)
  const metadata = await (await fetch(`${gateway.url}/.well-known/oauth-protected-resource/all`)).json()
  assert.deepEqual([metadata.resource, metadata.authorization_servers], [toolset, [pool.issuer]])
})
