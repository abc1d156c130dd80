import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { limits } from '@postern/server'
import { type TemporaryFolder, temporaryFolder } from '@postern/server/testing'
import { type Idp, startIdp } from '../testing/index.ts'
import { run } from './run.ts'

let folder: TemporaryFolder
let idp: Idp
before(async () => {
  folder = await temporaryFolder()
  idp = await startIdp()
})
after(async () => {
  await idp.close()
  await folder.remove()
})

async function apply(text: string) {
  const file = join(folder.path, 'seed.yaml')
  await writeFile(file, text)
  const lines = { out: [] as string[], err: [] as string[] }
  const terminal = {
    env: { POSTERN_IDP_URL: idp.url, POSTERN_ADMIN_TOKEN: idp.adminToken },
    out: (line: string) => void lines.out.push(line),
    err: (line: string) => void lines.err.push(line),
    status: () => {},
  }
  const code = await run(['apply', file], terminal)
  return { code, out: lines.out.join('\n'), err: lines.err.join('\n') }
}

const description = 'x'.repeat(2048)

/** A seed that is so many bytes long once it is sent. */
function seedOf(bytes: number): string {
  const pools: object[] = []
  const text = () => JSON.stringify({ version: 1, pools, services: [], toolsets: [], accessKeys: [] })
  const pool = (words: string) => ({ id: `p${pools.length}`, projectName: 'default', description: words })
  while (bytes - text().length > 3000) pools.push(pool(description))
  pools.push(pool(''))
  pools.splice(-1, 1, { ...pools.at(-1), description: 'x'.repeat(bytes - text().length) })
  assert.equal(text().length, bytes)
  return text()
}

describe('postern apply', () => {
  test('takes a file that is as large as files may be', async () => {
    const { code, out, err } = await apply(seedOf(limits.seedBytes))
    assert.deepEqual([code, err], [0, ''])
    assert.match(out, /^pool +p400 +created$/m)
  })

  test('says of a file that is too large for the servers what to do, and sends nothing', async () => {
    const pool = (index: number) => `  - { id: q${index}, description: *text }\n`
    const pools = Array.from({ length: 600 }, (_, index) => pool(index))
    const seed = `version: 1\npools:\n  - { id: q, description: &text ${description} }\n${pools.join('')}`
    assert.ok(seed.length < limits.seedBytes)
    const { code, err } = await apply(seed)
    assert.equal(code, 1)
    assert.match(
      err,
      /seed\.yaml comes to \d+ bytes as JSON, and the servers take 1048576; split it, and apply the parts/,
    )
    assert.equal((await fetch(`${idp.url}/pools/q/jwks`)).status, 404)
  })
})
