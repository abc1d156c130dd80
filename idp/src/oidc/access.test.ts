import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { HotClient, HotPool, Resource } from '../directory/types.ts'
import { type AccessRequest, decideAccess, findResource } from './access.ts'
import { Refusal } from './refusal.ts'
import { hotClient, hotPool } from './test-records.ts'

function resourceOf(identifier: string, change: Partial<Resource> = {}): Resource {
  const scopes = [{ name: 'admin', implies: ['read'] }, { name: 'read' }, { name: 'write' }]
  return {
    id: identifier,
    poolId: 'p',
    identifier,
    name: null,
    scopes,
    accessTokenTtl: null,
    createdAt: 0,
    updatedAt: 0,
    ...change,
  }
}

const mcp = resourceOf('https://mcp.example/mcp')
const files = resourceOf('https://files.example/api/', { accessTokenTtl: 200 })
const reports = resourceOf('urn:example:reports', { scopes: [] })

const pool = hotPool({ defaultResource: mcp.identifier, resources: [mcp, files, reports] })
const client = hotClient()

function refusalOf(change: { pool?: Partial<HotPool>; client?: Partial<HotClient> }, request: AccessRequest): Refusal {
  try {
    decideAccess({ ...pool, ...change.pool }, { ...client, ...change.client }, request)
  } catch (error) {
    if (error instanceof Refusal) return error
    throw error
  }
  throw new Error('nothing was refused')
}

describe('resource', () => {
  test("without one the client's default counts, then the pool's", () => {
    assert.equal(decideAccess(pool, client, {}).resource, mcp)
    const own = { ...client, defaultResource: files.identifier }
    assert.equal(decideAccess(pool, own, {}).resource, files)
  })

  test('without any default it is refused, and the text names the mend', () => {
    const { code, description, status, reason } = refusalOf({ pool: { defaultResource: null } }, {})
    assert.deepEqual({ code, status, reason }, { code: 'invalid_target', status: 400, reason: 'invalid_target' })
    assert.match(description, /send resource=, or set defaultResource/)
  })

  test('a default that is not registered, or not granted, is refused with a text of its own', () => {
    const missing = refusalOf({ pool: { defaultResource: 'https://gone.example' } }, {})
    const ungranted = refusalOf({ client: { resources: [files.identifier] } }, {})
    assert.equal(missing.code, 'invalid_target')
    assert.match(missing.description, /default resource is not registered/)
    assert.equal(missing.description, ungranted.description)
  })

  for (const spelling of ['https://mcp.example/mcp', 'HTTPS://MCP.example:443/mcp', 'https://mcp.example/mcp/']) {
    test(`${spelling} is the registered one`, () => {
      assert.equal(decideAccess(pool, client, { resource: spelling }).resource.identifier, 'https://mcp.example/mcp')
    })
  }

  test('a slash that is registered may be left out', () => {
    assert.equal(findResource(pool, 'https://files.example/api'), files)
  })

  for (const foreign of [
    'https://mcp.example/MCP',
    'https://mcp.example/mcp//',
    'https://mcp.example',
    'urn:example:reports/',
    'x',
  ]) {
    test(`${foreign} is unknown`, () => {
      assert.equal(refusalOf({}, { resource: foreign }).code, 'invalid_target')
    })
  }

  test('unknown and not granted are told apart by nobody', () => {
    const unknown = refusalOf({}, { resource: 'https://unknown.example' })
    const ungranted = refusalOf({ client: { resources: [] } }, { resource: mcp.identifier })
    assert.equal(unknown.description, ungranted.description)
  })
})

describe('scopes', () => {
  test('without any, all that are granted, and nothing implied is added', () => {
    assert.deepEqual(decideAccess(pool, client, {}).scopes, ['admin', 'read', 'write'])
    assert.deepEqual(decideAccess(pool, { ...client, scopes: ['admin'] }, {}).scopes, ['admin'])
    assert.deepEqual(decideAccess(pool, { ...client, scopes: [] }, {}).scopes, [])
  })

  test('those asked for, in their order, each once', () => {
    assert.deepEqual(decideAccess(pool, client, { scopes: ['write', 'read', 'write'] }).scopes, ['write', 'read'])
  })

  for (const scopes of [['unknown'], ['read', 'unknown'], ['write']]) {
    test(`${scopes.join(' ')} is refused for who has read`, () => {
      const { code, status } = refusalOf({ client: { scopes: ['read'] } }, { scopes })
      assert.deepEqual({ code, status }, { code: 'invalid_scope', status: 400 })
    })
  }

  test("scopes of another resource don't count", () => {
    assert.equal(refusalOf({}, { resource: reports.identifier, scopes: ['read'] }).code, 'invalid_scope')
  })
})

test('lifetime: client, else resource, else pool, else an hour', () => {
  const ttl = (p: Partial<HotPool>, c: Partial<HotClient>, resource: string) =>
    decideAccess({ ...pool, ...p }, { ...client, ...c }, { resource }).ttl
  assert.equal(ttl({}, {}, mcp.identifier), 3600)
  assert.equal(ttl({ accessTokenTtl: 300 }, {}, mcp.identifier), 300)
  assert.equal(ttl({ accessTokenTtl: 300 }, {}, files.identifier), 200)
  assert.equal(ttl({ accessTokenTtl: 300 }, { accessTokenTtl: 100 }, files.identifier), 100)
})

test('no public text holds a character that RFC 6749 §5.2 forbids in error_description', () => {
  const refusals = [
    refusalOf({ pool: { defaultResource: null } }, {}),
    refusalOf({ pool: { defaultResource: 'urn:x:y' } }, {}),
    refusalOf({}, { resource: 'x' }),
    refusalOf({}, { scopes: ['x'] }),
  ]
  for (const { description } of refusals) assert.match(description, /^[\x20\x21\x23-\x5b\x5d-\x7e]+$/)
})

describe('for a person', () => {
  const other = resourceOf('https://other.example/', { scopes: [{ name: 'send' }, { name: 'read' }] })
  const shared = { ...pool, resources: [mcp, other] }
  const ask = (scopes: readonly string[] | undefined) =>
    decideAccess(shared, client, { scopes, person: true, lenient: true })

  test('tokens live 600 s where nothing else is set', () => {
    assert.equal(ask(undefined).ttl, 600)
    assert.equal(decideAccess({ ...shared, accessTokenTtl: 60 }, client, { person: true }).ttl, 60)
  })

  test('scopes that other resources of the pool have are left out, for metadata lists them all', () => {
    assert.deepEqual(ask(['send', 'read', 'write']).scopes, ['read', 'write'])
  })

  test('scopes that nobody has are refused, and so is a request that nothing is left of', () => {
    for (const scopes of [['read', 'unknown'], ['send']]) {
      assert.throws(() => ask(scopes), { code: 'invalid_scope' })
    }
    const narrow = { ...client, scopes: ['read'] }
    assert.throws(() => decideAccess(shared, narrow, { scopes: ['write'], person: true, lenient: true }), {
      code: 'invalid_scope',
    })
  })

  test('a resource without scopes has none to be missed', () => {
    const bare = { ...shared, resources: [resourceOf(mcp.identifier, { scopes: [] }), other] }
    const given = (scopes: readonly string[]) =>
      decideAccess(bare, client, { scopes, person: true, lenient: true }).scopes
    assert.deepEqual(given(['send', 'read']), [])
    assert.throws(() => given(['send', 'delete']), { code: 'invalid_scope' })
  })
})

describe('for a machine', () => {
  const other = resourceOf('https://other.example/', { scopes: [{ name: 'send' }, { name: 'read' }] })
  const shared = { ...pool, resources: [mcp, other] }
  const ask = (...scopes: string[]) => decideAccess(shared, client, { scopes, lenient: true }).scopes

  test('what is said of people is left out', () => {
    assert.deepEqual(ask('openid', 'email', 'read'), ['read'])
    assert.deepEqual(ask('openid', 'email'), decideAccess(shared, client, {}).scopes)
  })

  test('a scope that it may not have, or that nobody has, is refused', () => {
    for (const scopes of [['send'], ['read', 'send'], ['openid', 'read', 'send'], ['read', 'delete']]) {
      assert.throws(() => ask(...scopes), { code: 'invalid_scope' })
    }
    const narrow = { ...client, scopes: ['read'] }
    assert.throws(() => decideAccess(shared, narrow, { scopes: ['read', 'write'], lenient: true }), {
      code: 'invalid_scope',
    })
  })

  test('who names scopes by hand gets them or none', () => {
    for (const scopes of [['read', 'send'], ['openid']]) {
      assert.throws(() => decideAccess(shared, client, { scopes }), { code: 'invalid_scope' })
    }
  })
})
