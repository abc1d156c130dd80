import assert from 'node:assert/strict'
import { brokenToken } from '@postern/resource-server/testing'
import type { Row } from '../row.ts'

function refused(id: string, scope: unknown): Row {
  return { id, what: `scope is ${JSON.stringify(scope)}`, attack: ({ issuer }) => issuer.mint({ scope }), expect: 'IS' }
}

function form(what: string, claims: Record<string, unknown>, expect: 'OK' | 'IS', scopeClaim?: string | string[]): Row {
  return {
    id: 'D6',
    what,
    ...(scopeClaim === undefined ? {} : { setUp: { rules: { scopeClaim } } }),
    attack: ({ issuer }) => issuer.mint({ scope: undefined, ...claims }),
    expect,
  }
}

const admin = { admin: ['maintainer'], maintainer: ['read', 'write'] }

/** D. Scopes and step-up (RFC 6750 §3.1, RFC 6749 §3.3, MCP 2026-07-28). */
export const scopes: readonly Row[] = [
  refused('D1', undefined),
  refused('D1', null),
  refused('D1', ''),
  refused('D2', 'read'),
  refused('D3', 'readwrite'),
  refused('D3', 'rea writ'),
  refused('D4', 'READ WRITE'),
  form('scope as a list', { scope: ['read', 'write'] }, 'OK'),
  form('scp as a text', { scp: 'read write' }, 'OK'),
  form('scp as a list', { scp: ['read', 'write'] }, 'OK'),
  form('scopes, not configured', { scopes: ['read', 'write'] }, 'IS'),
  form('permissions, not configured', { permissions: ['read', 'write'] }, 'IS'),
  form('scopes, configured', { scopes: ['read', 'write'] }, 'OK', 'scopes'),
  form('permissions, configured', { permissions: ['read', 'write'] }, 'OK', ['scope', 'permissions']),
  {
    id: 'D8',
    what: 'implied, over two steps',
    setUp: { options: { scopeHierarchy: admin } },
    attack: ({ issuer }) => issuer.mint({ scope: 'admin' }),
    expect: 'OK',
  },
  {
    id: 'D8',
    what: 'implied the other way round',
    setUp: { options: { scopeHierarchy: admin }, guard: { scopes: ['admin'] } },
    attack: ({ issuer }) => issuer.mint(),
    expect: 'IS',
    scope: 'read write admin',
  },
  {
    id: 'D9',
    what: 'one of two',
    setUp: { options: { requiredScopes: { anyOf: ['a', 'b'] } } },
    attack: ({ issuer }) => issuer.mint({ scope: 'b' }),
    expect: 'OK',
  },
  {
    id: 'D9',
    what: 'none of two: the first is asked for',
    setUp: { options: { requiredScopes: { anyOf: ['a', 'b'] } } },
    attack: ({ issuer }) => issuer.mint({ scope: 'c' }),
    expect: 'IS',
    scope: 'a',
  },
  {
    id: 'D14',
    what: 'three needed, one there: one challenge with all three',
    setUp: { guard: { scopes: ['delete'] } },
    attack: ({ issuer }) => issuer.mint({ scope: 'read' }),
    expect: 'IS',
    scope: 'read write delete',
  },
  {
    id: 'D15',
    what: 'openid and offline_access are required, but nobody is asked for them',
    setUp: { options: { requiredScopes: ['openid', 'offline_access', 'read'] } },
    async play({ issuer, expect, rs, events }) {
      assert.ok(events.some(({ kind, reason }) => kind === 'service.state' && reason === 'invalid_scope'))
      await expect('IS', issuer.mint({ scope: 'read' }), 'read')
      await expect('C0', {}, 'read')
      const document = await rs.metadata(new Request(rs.metadataUrl ?? ''))?.json()
      assert.deepEqual(document.scopes_supported, ['read'])
    },
  },
  {
    id: 'D16',
    what: 'clients ask for a scope otherwise than tokens say it: shown is the one, checked the other',
    setUp: {
      rules: { advertisedScopes: { read: 'api://x/read', delete: 'api://x/delete' } },
      guard: { scopes: ['delete'] },
    },
    async play({ issuer, expect, rs }) {
      const shown = 'api://x/read write api://x/delete'
      await expect('C0', {}, shown)
      await expect('IS', issuer.mint({ scope: 'api://x/read write api://x/delete' }), shown)
      await expect('IT', 'not-a-token', shown)
      await expect('OK', issuer.mint({ scope: 'read write delete' }))
      const document = await rs.metadata(new Request(rs.metadataUrl ?? ''))?.json()
      assert.deepEqual(document.scopes_supported, ['api://x/read', 'write'])
    },
  },
  {
    id: 'D18',
    what: 'expired and without scopes',
    attack: ({ issuer, clock }) =>
      issuer.mint({ scope: 'other', iat: clock.now() / 1000 - 60, exp: clock.now() / 1000 - 30 }),
    expect: 'IT',
  },
  {
    id: 'D18',
    what: 'forged and without scopes',
    attack: ({ issuer }) =>
      brokenToken({ ...issuer, claims: (changes) => issuer.claims({ ...changes, scope: 'x' }) }, 'signed-by-stranger'),
    expect: 'IT',
  },
  {
    id: 'D19',
    what: 'a rule and scopes both fail: no challenge, for scopes would not help',
    setUp: { rules: { claims: { role: 'admin' } } },
    attack: ({ issuer }) => issuer.mint({ scope: 'other' }),
    expect: 'PD',
  },
]
