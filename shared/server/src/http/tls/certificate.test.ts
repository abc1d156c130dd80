import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { isIP } from 'node:net'
import { test } from 'node:test'
import { connect, createServer } from 'node:tls'
import fc from 'fast-check'
import { errorCode } from '../../start-error.ts'
import { type Issued, makeAuthority, makeLeaf, rangesOf } from './certificate.ts'
import { thisYear } from './fixtures.ts'
import { isWithin, rangesFor } from './name-ranges.ts'

/** What a client of OpenSSL says of a server that it connects to by that name: '' when it is content. */
async function verdict(authority: Issued, server: Issued, host: string): Promise<string> {
  const listening = createServer({ cert: server.certificate, key: server.key }).listen(0, '127.0.0.1')
  listening.on('tlsClientError', () => {})
  await once(listening, 'listening')
  const address = listening.address()
  assert.ok(address !== null && typeof address === 'object')
  const { promise, resolve } = Promise.withResolvers<string>()
  const options = { host: '127.0.0.1', port: address.port, ca: authority.certificate }
  const name = isIP(host) !== 0 ? { checkServerIdentity: () => undefined } : { servername: host }
  const socket = connect({ ...options, ...name }, () => resolve(''))
  socket.on('error', (error) => resolve(errorCode(error) === 'UNSPECIFIED' ? error.message : errorCode(error)))
  const said = await promise
  socket.destroy()
  listening.close()
  await once(listening, 'close')
  return said
}

test('clients take a certificate by each of its names', async () => {
  const hosts = ['localhost', 'idp.localhost', 'mcp.example', '127.0.0.1', '::1', '192.0.2.7', 'fd00::7']
  const authority = makeAuthority(rangesFor(hosts), thisYear)
  const server = makeLeaf(authority, hosts, thisYear)
  for (const host of hosts) assert.equal(await verdict(authority, server, host), '', host)
  assert.equal(await verdict(authority, server, 'other.example'), 'ERR_TLS_CERT_ALTNAME_INVALID')
  assert.equal(
    await verdict(makeAuthority(rangesFor(hosts), thisYear), server, 'localhost'),
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  )
})

test('clients refuse what the authority was not made for, whoever holds its key', async () => {
  const authority = makeAuthority(rangesFor(['mcp.example']), thisYear)
  for (const host of ['accounts.example', 'example', '192.0.2.7', 'fd00::7']) {
    const server = makeLeaf(authority, ['localhost', host], thisYear)
    assert.equal(await verdict(authority, server, host), 'permitted subtree violation', host)
  }
})

test('an authority signs no further authority', () => {
  const authority = makeAuthority(rangesFor([]), thisYear)
  const x509 = new X509Certificate(authority.certificate)
  assert.ok(x509.ca && x509.verify(x509.publicKey))
  assert.equal(new X509Certificate(makeLeaf(authority, ['localhost'], thisYear).certificate).ca, false)
})

test('serial numbers are of full length, positive and never the same', () => {
  const authority = makeAuthority(rangesFor([]), thisYear)
  const serials = Array.from(
    { length: 20 },
    () => new X509Certificate(makeLeaf(authority, ['localhost'], thisYear).certificate).serialNumber,
  )
  assert.equal(new Set(serials).size, 20)
  for (const serial of serials) assert.match(serial, /^[4-7][0-9A-F]{31}$/)
})

test('the ranges of an authority are read back as they were written', () => {
  const ranges = rangesFor(['mcp.example', '192.0.2.7', 'fd00::7'])
  assert.deepEqual(rangesOf(makeAuthority(ranges, thisYear).certificate), ranges)
  assert.equal(rangesOf(makeLeaf(makeAuthority(ranges, thisYear), ['localhost'], thisYear).certificate), undefined)
})

test('what belongs to this machine needs no range of its own', () => {
  const loopback = { domains: ['localhost'], subnets: ['127.0.0.0/8', '::1/128'] }
  assert.deepEqual(rangesFor(['localhost', 'a.b.localhost', '127.255.0.1', '::1']), loopback)
  for (const host of ['notlocalhost', 'localhost.example', '128.0.0.1', '::2', '::ffff:128.0.0.1']) {
    assert.equal(isWithin(host, loopback), false, host)
  }
})

test('every host lies within the ranges that were made for it', () => {
  const host = fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6())
  fc.assert(
    fc.property(fc.array(host, { maxLength: 5 }), (hosts) => {
      const ranges = rangesFor(hosts)
      return hosts.every((one) => isWithin(one, ranges))
    }),
  )
})
