import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { chmod, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, test } from 'node:test'
import { createTestClock } from '@postern/core/testing'
import { limits } from '../../limits.ts'
import { StartError } from '../../start-error.ts'
import { type TemporaryFolder, temporaryFolder } from '../../testing/temporary-folder.ts'
import { ensureLocalTls, localAuthorityOf, localTlsFiles } from './local-tls.ts'
import { readPair } from './pair.ts'

let folder: TemporaryFolder
let data: string
beforeEach(async () => {
  folder = await temporaryFolder()
  data = join(folder.path, 'data')
})
afterEach(() => folder.remove())

const start = Date.UTC(2026, 10, 22)

async function contents(): Promise<Record<string, string>> {
  const names = (await readdir(join(data, 'tls'))).sort()
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readFile(join(data, 'tls', name), 'utf8')] as const)),
  )
}

async function refusal(hosts: readonly string[], now = start): Promise<string> {
  const before = await contents()
  try {
    await ensureLocalTls({ dataDir: data, hosts, clock: createTestClock(now) })
  } catch (error) {
    assert.ok(error instanceof StartError, String(error))
    assert.deepEqual(await contents(), before, 'nothing was changed')
    return error.message
  }
  return assert.fail('it was taken')
}

test('an authority and a certificate, private; a second start changes nothing', async () => {
  const clock = createTestClock(start)
  const files = await ensureLocalTls({ dataDir: data, hosts: ['localhost'], clock })
  assert.deepEqual(files, { cert: localTlsFiles(data).server, key: localTlsFiles(data).server })
  const made = await contents()
  assert.deepEqual(Object.keys(made), ['authority.pem', 'ca.pem', 'server.pem'], 'no draft is left')
  assert.equal((await stat(join(data, 'tls'))).mode & 0o777, 0o700)
  for (const name of Object.keys(made)) assert.equal((await stat(join(data, 'tls', name))).mode & 0o777, 0o600)
  assert.doesNotMatch(made['ca.pem'] ?? '', /PRIVATE/)

  const authority = new X509Certificate(made['ca.pem'] ?? '')
  const server = new X509Certificate(made['server.pem'] ?? '')
  assert.ok(authority.ca && !server.ca)
  assert.ok(server.checkIssued(authority) && server.verify(authority.publicKey))
  for (const host of ['localhost', '127.0.0.1', '::1']) {
    await readPair(files, { host, variable: 'POSTERN_IDP_URL' }, start)
  }

  clock.advance(limits.tlsServer - limits.tlsRenewal - 1000)
  await ensureLocalTls({ dataDir: data, hosts: [], clock })
  assert.deepEqual(await contents(), made)
})

test('new names of this machine: another certificate, the same authority', async () => {
  const clock = createTestClock(start)
  await ensureLocalTls({ dataDir: data, hosts: [], clock })
  const before = await contents()
  await ensureLocalTls({ dataDir: data, hosts: ['idp.localhost', '127.0.0.2'], clock })
  const after = await contents()
  assert.equal(after['authority.pem'], before['authority.pem'])
  assert.equal(after['ca.pem'], before['ca.pem'])
  const server = new X509Certificate(after['server.pem'] ?? '')
  assert.equal(server.checkHost('idp.localhost'), 'idp.localhost')
  assert.equal(server.checkIP('127.0.0.2'), '127.0.0.2')
  assert.ok(server.verify(new X509Certificate(before['ca.pem'] ?? '').publicKey))

  await ensureLocalTls({ dataDir: data, hosts: [], clock })
  assert.deepEqual(await contents(), after, 'a certificate for more names does as well')
})

test('near its end the certificate is renewed, and where it is lost or damaged', async () => {
  const clock = createTestClock(start)
  await ensureLocalTls({ dataDir: data, hosts: [], clock })
  const before = await contents()
  clock.advance(limits.tlsServer - limits.tlsRenewal + 1000)
  await ensureLocalTls({ dataDir: data, hosts: [], clock })
  const after = await contents()
  assert.equal(after['authority.pem'], before['authority.pem'])
  assert.notEqual(after['server.pem'], before['server.pem'])
  assert.ok(new X509Certificate(after['server.pem'] ?? '').validToDate.getTime() > clock.now() + limits.tlsRenewal)

  await writeFile(localTlsFiles(data).server, 'damaged')
  await chmod(localTlsFiles(data).server, 0o600)
  await rm(localTlsFiles(data).authority)
  await ensureLocalTls({ dataDir: data, hosts: [], clock })
  const mended = await contents()
  assert.equal(mended['ca.pem'], before['ca.pem'])
  assert.ok(new X509Certificate(mended['server.pem'] ?? '').checkHost('localhost'))
})

test('an authority that does not do any more is never replaced behind the back of those who trust it', async () => {
  const clock = createTestClock(start)
  await ensureLocalTls({ dataDir: data, hosts: ['idp.example'], clock })
  const file = localTlsFiles(data).authorityPair
  const mend = 'remove the folder that it is in to have another made, and have clients trust the new ca.pem'
  for (const host of ['mcp.example', '192.0.2.7', 'example', 'notlocalhost']) {
    assert.equal(
      await refusal([host]),
      `the local authority in ${file} was made for other names and cannot sign for ${host}; ${mend}`,
    )
  }
  const end = await refusal([], start + limits.tlsAuthority - limits.tlsRenewal + 1000)
  assert.match(end, /^the local authority in .* ends on 2036-11-\d\d; remove the folder/)
  await writeFile(file, 'damaged')
  assert.equal(await refusal([]), `the local authority in ${file} is damaged; ${mend}`)
  await chmod(file, 0o644)
  assert.match(await refusal([]), /can be used by others \(mode 0644\); run: chmod 600/)
})

test('a data folder that cannot be written', async () => {
  await writeFile(data, 'a file')
  await assert.rejects(ensureLocalTls({ dataDir: data, hosts: [] }), (error) => {
    assert.ok(error instanceof StartError)
    assert.equal(error.code, 'data_folder')
    assert.match(error.message, /tls cannot be made \(ENOTDIR\); give this user write permission/)
    return true
  })
})

test('processes that start at once agree on one authority and one certificate', async () => {
  const script = `
    import { ensureLocalTls } from ${JSON.stringify(join(import.meta.dirname, 'local-tls.ts'))}
    await import(${JSON.stringify(join(import.meta.dirname, 'local-authority.ts'))})
    process.stdin.once('data', async () => {
      const { cert } = await ensureLocalTls({ dataDir: ${JSON.stringify(data)}, hosts: [] })
      process.stdout.write(await (await import('node:fs/promises')).readFile(cert, 'utf8'))
      process.stdin.destroy()
    })
    process.stderr.write('ready')
  `
  const children = Array.from({ length: 3 }, () => spawn(process.execPath, ['--input-type=module', '-e', script]))
  const ends = children.map((child) => once(child, 'exit'))
  await Promise.all(children.map((child) => once(child.stderr, 'data')))
  for (const child of children) child.stdin.write('go')
  const seen = await Promise.all(children.map(({ stdout }) => text(stdout)))
  assert.deepEqual(await Promise.all(ends), [
    [0, null],
    [0, null],
    [0, null],
  ])
  const made = await contents()
  assert.deepEqual(Object.keys(made), ['authority.pem', 'ca.pem', 'server.pem'])
  for (const one of seen) assert.equal(one.trim(), made['server.pem']?.trim())
  const authority = new X509Certificate(made['ca.pem'] ?? '')
  assert.ok(new X509Certificate(made['server.pem'] ?? '').verify(authority.publicKey))
})

test('the authority is trusted where the certificate is the one made here', () => {
  const { server, authority } = localTlsFiles('/data')
  assert.equal(localAuthorityOf({ dataDir: '/data', tls: { cert: server, key: server } }), authority)
  assert.equal(localAuthorityOf({ dataDir: '/data', tls: { cert: '/etc/tls/cert.pem', key: server } }), undefined)
  assert.equal(localAuthorityOf({ dataDir: '/data' }), undefined)
})
