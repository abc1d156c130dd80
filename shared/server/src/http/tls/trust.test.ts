import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { captureLog } from '../../testing/captured-log.ts'
import { temporaryFolder } from '../../testing/temporary-folder.ts'
import { listen } from '../listen.ts'
import { issue, writePair } from './fixtures.ts'
import { loadTls } from './tls.ts'

test('fetch takes the authority from then on, and only then', async (t) => {
  const folder = await temporaryFolder()
  t.after(() => folder.remove())
  const { authority, server } = issue(['localhost'])
  const tls = await loadTls(
    { role: 'idp', publicUrl: 'https://localhost', tls: await writePair(folder.path, server) },
    captureLog(),
  )
  t.after(() => tls?.close())
  const listener = await listen((_req, res) => void res.end('hello'), { port: 0, tls })
  t.after(() => listener.close(0))
  const file = join(folder.path, 'ca.pem')
  await writeFile(file, authority.certificate)
  // In a process of its own, for what it trusts stays with a process.
  const script = `
    import { X509Certificate } from 'node:crypto'
    import { getCACertificates } from 'node:tls'
    import { trustAuthority } from ${JSON.stringify(join(import.meta.dirname, 'trust.ts'))}
    const say = () => fetch(${JSON.stringify(listener.url)}).then((response) => response.text(), (error) => error.cause.code)
    const known = () => new Set(getCACertificates('default').map((pem) => new X509Certificate(pem).fingerprint256))
    const usual = known()
    await trustAuthority(${JSON.stringify(join(folder.path, 'missing.pem'))})
    const before = await say()
    await trustAuthority(${JSON.stringify(file)})
    const after = await say()
    console.log([before, after, usual.isSubsetOf(known()), known().size - usual.size].join(' '))
  `
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  assert.equal(await text(child.stdout), 'UNABLE_TO_VERIFY_LEAF_SIGNATURE hello true 1\n')
  assert.deepEqual(await ended, [0, null])
})
