import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatTable } from './table.ts'

test('columns are as wide as their widest cell, and no line ends in spaces', () => {
  const rows = [
    { kind: 'pool', id: 'default', action: 'created' },
    { kind: 'client', id: 'default/demo', action: '' },
  ]
  assert.equal(
    formatTable(['kind', 'id', 'action'], rows),
    ['KIND    ID            ACTION', 'pool    default       created', 'client  default/demo'].join('\n'),
  )
  assert.equal(formatTable(['kind', 'id'], []), 'KIND  ID')
})
