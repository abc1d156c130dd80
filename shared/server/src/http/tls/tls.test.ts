import assert from 'node:assert/strict'
import { rm, writeFile } from 'node:fs/promises'
import { afterEach, beforeEach, test } from 'node:test'
import { createTestClock } from '@postern/core/testing'
import { type CapturedLog, captureLog } from '../../testing/captured-log.ts'
import { type TemporaryFolder, temporaryFolder } from '../../testing/temporary-folder.ts'
import { issue, thisYear, writePair } from './fixtures.ts'
import { type Pair, type PairFiles, readPair } from './pair.ts'
import { loadTls, type Tls } from './tls.ts'

let folder: TemporaryFolder
let captured: CapturedLog
let files: PairFiles
let tls: Tls
const clock = createTestClock(Date.now())

beforeEach(async () => {
  folder = await temporaryFolder()
  captured = captureLog()
  files = await writePair(folder.path, issue(['localhost']).server)
  const loaded = await loadTls(
    { role: 'gateway', publicUrl: 'https://localhost:4701', tls: files },
    { log: captured.log, clock },
  )
  assert.ok(loaded)
  tls = loaded
})
afterEach(async () => {
  tls.close()
  await folder.remove()
})

test('without files there is no TLS', async () => {
  assert.equal(await loadTls({ role: 'idp', publicUrl: 'http://localhost:4700' }, captured), undefined)
})

test('the host is that of its own public URL, by the variable of its role', async () => {
  const settings = { role: 'gateway', publicUrl: 'https://[::1]:4701', tls: files } as const
  await assert.rejects(loadTls(settings, captured), /not for ::1, the host of POSTERN_GATEWAY_URL;/)
  const other = { role: 'idp', publicUrl: 'https://idp.example', tls: files } as const
  await assert.rejects(loadTls(other, captured), /not for idp\.example, the host of POSTERN_IDP_URL;/)
})

test('a renewed certificate is taken up and told to whoever asked', async () => {
  const told: Pair[] = []
  const release = tls.subscribe((pair) => told.push(pair))
  assert.equal(await tls.refresh(), false, 'nothing is new')
  await writePair(folder.path, issue(['localhost']).server)
  assert.equal(await tls.refresh(), true)
  const renewed = await readPair(files, { host: 'localhost', variable: 'POSTERN_GATEWAY_URL' }, clock.now())
  assert.deepEqual(tls.current(), renewed)
  assert.deepEqual(told, [renewed])
  release()
  await writePair(folder.path, issue(['localhost']).server)
  assert.equal(await tls.refresh(), true)
  assert.equal(told.length, 1)
  assert.doesNotMatch(captured.text(), /BEGIN/)
})

test('one that cannot be used is not, and the log says so once', async () => {
  const before = tls.current()
  const { server } = issue(['localhost'])
  await writeFile(files.cert, server.certificate)
  assert.deepEqual([await tls.refresh(), await tls.refresh()], [false, false])
  assert.deepEqual(tls.current(), before)
  const warnings = captured.lines()
  assert.equal(warnings.length, 1)
  assert.match(String(warnings[0]?.['problem']), /^POSTERN_TLS_KEY is not the key/)

  await rm(files.key)
  assert.equal(await tls.refresh(), false)
  assert.equal(captured.lines().length, 2, 'another problem is said again')

  await writeFile(files.key, server.key)
  assert.equal(await tls.refresh(), true, 'the other half has come')
  assert.equal(tls.current().certificate, server.certificate)
})

test('one that has ended meanwhile stays, for there is no better', async () => {
  const before = tls.current()
  const late = createTestClock(thisYear.to - 1000)
  const other = await loadTls(
    { role: 'idp', publicUrl: 'https://localhost', tls: files },
    { log: captured.log, clock: late },
  )
  late.advance(2000)
  assert.equal(await other?.refresh(), false)
  assert.deepEqual(other?.current(), before)
  assert.match(captured.text(), /ended on/)
  other?.close()
})
