import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '@postern/core'
import fc from 'fast-check'
import { toolsetLimits } from '../../limits.ts'
import { createUriBook } from './uris.ts'

const viewer = { toolsetId: 'set', callerKey: 'me', serviceIds: ['a', 'b', 'c'] }

test('whatever is shown leads back to whose it is, and no two things are shown as one', () => {
  const uri = fc.oneof(
    fc.constantFrom('demo://1', 'demo://2', 'mcp.a+demo://1', 'mcp.b+mcp.a+demo://1', 'mcp.z+x', ''),
    fc.webUrl(),
    fc.string(),
  )
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), uri)), (seen) => {
      const book = createUriBook(systemClock, toolsetLimits)
      const shown = new Map<string, string>()
      for (const [serviceId, own] of seen) {
        const text = book.show(viewer, serviceId, own)
        assert.deepEqual(book.find(viewer, text), { serviceId, uri: own })
        const thing = JSON.stringify([serviceId, own])
        assert.equal(shown.get(text) ?? thing, thing)
        shown.set(text, thing)
      }
    }),
  )
})

test('a URI stays with the service that showed it first, for each caller', () => {
  const book = createUriBook(systemClock, toolsetLimits)
  assert.equal(book.show(viewer, 'b', 'demo://1'), 'demo://1')
  assert.equal(book.show(viewer, 'a', 'demo://1'), 'mcp.a+demo://1')
  assert.equal(book.show(viewer, 'b', 'demo://1'), 'demo://1')
  const other = { ...viewer, callerKey: 'somebody else' }
  assert.deepEqual(book.find(other, 'demo://1'), { serviceId: undefined, uri: 'demo://1' })
  assert.equal(book.show(other, 'a', 'demo://1'), 'demo://1')
})

test('a service that has left the toolset has left its URIs', () => {
  const book = createUriBook(systemClock, toolsetLimits)
  book.show(viewer, 'a', 'demo://1')
  const later = { ...viewer, serviceIds: ['b'] }
  assert.equal(book.find(later, 'demo://1').serviceId, undefined)
  assert.equal(book.find(later, 'mcp.a+demo://1').serviceId, undefined)
  assert.equal(book.show(later, 'b', 'demo://1'), 'demo://1')
})

test('a long URI always says whose it is', () => {
  const book = createUriBook(systemClock, { ...toolsetLimits, uriLength: 10 })
  assert.equal(book.show(viewer, 'a', 'demo://12345'), 'mcp.a+demo://12345')
  assert.deepEqual(book.find(viewer, 'mcp.a+demo://12345'), { serviceId: 'a', uri: 'demo://12345' })
})
