import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serviceResources } from './service-resources.ts'

test('a service needs the scopes that everybody needs, and those that its rules name, of the pools that it trusts', () => {
  const service = {
    id: 'notes',
    path: '/notes',
    projectName: 'default',
    backend: { type: 'builtin' as const },
    authorizers: [{ type: 'CustomJWT' as const, pool: 'team', requiredScopes: ['mcp', 'notes:read'] }],
    access: {
      rules: [
        { tools: ['a'], scopes: ['notes:read', 'notes:write'] },
        { tools: ['*'], groups: ['Editors'] },
      ],
    },
  }
  const scopes = ['mcp', 'notes:read', 'notes:write']
  assert.deepEqual(serviceResources({ services: [service] }, 'team'), [{ identifier: '/notes', name: 'notes', scopes }])
  assert.deepEqual(serviceResources({ services: [service] }, 'other'), [])
})
