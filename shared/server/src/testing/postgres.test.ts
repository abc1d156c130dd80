import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import pg from 'pg'
import { noPostgres, startPostgres } from './postgres.ts'

const skip = noPostgres()
const isOurs = skip === false && !process.env['TEST_DATABASE_URL']

test('each database is empty and its own, and gone afterwards', { skip }, async () => {
  const postgres = await startPostgres()
  const [a, b] = [await postgres.url('same'), await postgres.url('same')]
  assert.notEqual(a, b)
  const client = new pg.Client({ connectionString: a })
  await client.connect()
  const { rows } = await client.query(
    "select count(*)::int as count from information_schema.tables where table_schema = 'public'",
  )
  assert.deepEqual(rows, [{ count: 0 }])
  await client.end()
  await postgres.close()
  const again = new pg.Client({ connectionString: a })
  await assert.rejects(again.connect())
})

test('a test process that is killed leaves neither server nor folder', {
  skip: isOurs ? false : 'no server of our own',
}, async () => {
  const script = `
    import { startPostgres } from ${JSON.stringify(join(import.meta.dirname, 'postgres.ts'))}
    console.log(await (await startPostgres()).url())
  `
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = await once(child.stdout.setEncoding('utf8'), 'data')
  const folder = decodeURIComponent(new URL(String(line).trim()).hostname)
  assert.ok(existsSync(folder))
  child.kill('SIGKILL')
  for (let waited = 0; existsSync(folder) && waited < 30_000; waited += 20) await setTimeout(20)
  assert.equal(existsSync(folder), false)
})
