import assert from 'node:assert/strict'
import dns from 'node:dns'
import { syncBuiltinESMExports } from 'node:module'
import { createServer } from 'node:net'
import { after, before, beforeEach, test } from 'node:test'
import { createTestClock } from '@postern/core/testing'

// The resolver of this process answers from here. It is replaced before anything that looks names up is loaded.
const zone = new Map<string, string[][]>()
const looked: string[] = []
const realLookup = dns.lookup
dns.lookup = Object.assign(
  (hostname: string, _options: unknown, callback: (error: Error | null, addresses: dns.LookupAddress[]) => void) => {
    looked.push(hostname)
    const answers = zone.get(hostname) ?? []
    // Each look-up gets the next answer; the last one stays.
    const addresses = (answers.length > 1 ? answers.shift() : answers[0]) ?? []
    const error = addresses.length === 0 ? Object.assign(new Error('not found'), { code: 'ENOTFOUND' }) : null
    callback(
      error,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    )
  },
  { __promisify__: realLookup.__promisify__ },
) as typeof dns.lookup
syncBuiltinESMExports()
const { createClientDocuments } = await import('./documents.ts')
const { Refusal } = await import('../refusal.ts')

let connections = 0
const inside = createServer((socket) => {
  connections += 1
  socket.destroy()
})
let port = 0

before(async () => {
  await new Promise<void>((resolve) => inside.listen(0, resolve))
  const address = inside.address()
  port = typeof address === 'object' && address !== null ? address.port : 0
})
after(() => {
  dns.lookup = realLookup
  syncBuiltinESMExports()
  inside.close()
})
beforeEach(() => {
  zone.clear()
  looked.length = 0
  connections = 0
})

async function refusalOf(name: string): Promise<string> {
  const documents = createClientDocuments({ clock: createTestClock(), allowLoopback: false, timeoutMs: 300 })
  const error = await documents.get(`https://${name}:${port}/client.json`).then(
    () => assert.fail('it was not refused'),
    (thrown: unknown) => thrown,
  )
  assert.ok(error instanceof Refusal, String(error))
  assert.equal(error.reason, 'client_document_unavailable')
  return error.description
}

test('a name of an address that is not public is not connected to', async () => {
  for (const [name, addresses] of [
    ['metadata.example', ['169.254.169.254']],
    ['inside.example', ['127.0.0.1']],
    ['inside6.example', ['::1']],
    ['mapped.example', ['::ffff:127.0.0.1']],
    ['ten.example', ['10.0.0.7']],
    ['two.example', ['93.184.216.34', '127.0.0.1']],
  ] as const) {
    zone.set(name, [[...addresses]])
    assert.match(await refusalOf(name), /not on the public internet/, name)
  }
  assert.equal(connections, 0)
})

test('a name that answers otherwise when it is asked again is asked once, and connected to where it was found', async () => {
  zone.set('rebinds.example', [['2606:2800:220:1:248:1893:25c8:1946'], ['127.0.0.1']])
  assert.match(await refusalOf('rebinds.example'), /cannot be reached|in time/)
  assert.deepEqual(looked, ['rebinds.example'])
  assert.equal(connections, 0)
})

test('the other way round, the first answer counts', async () => {
  zone.set('rebinds.example', [['127.0.0.1'], ['2606:2800:220:1:248:1893:25c8:1946']])
  assert.match(await refusalOf('rebinds.example'), /not on the public internet/)
  assert.deepEqual(looked, ['rebinds.example'])
  assert.equal(connections, 0)
})

test('a name that is not to be found', async () => {
  assert.match(await refusalOf('nowhere.example'), /cannot be reached/)
})
