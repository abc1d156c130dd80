import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { test } from 'node:test'
import Database from 'better-sqlite3'
import { temporaryFolder } from '../testing/temporary-folder.ts'

test('kill -9 in a burst of writes loses nothing that was acknowledged', async () => {
  const folder = await temporaryFolder()
  try {
    const file = join(folder.path, 'burst.db')
    const script = join(import.meta.dirname, 'fixtures', 'burst.ts')
    const child = spawn(process.execPath, [script, `sqlite:${file}`], { stdio: ['ignore', 'pipe', 'inherit'] })
    const closed = once(child, 'close')
    let printed = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      printed += text
      if (printed.split('\n').length > 300) child.kill('SIGKILL')
    })
    await closed
    const acknowledged = printed.split('\n').slice(0, -1).map(Number)
    assert.equal(child.signalCode, 'SIGKILL')
    assert.ok(acknowledged.length >= 300)

    const database = new Database(file)
    try {
      const rows = new Map(
        database
          .prepare<[], { id: number; text: string }>('select * from item')
          .all()
          .map((row) => [row.id, row.text]),
      )
      assert.deepEqual(
        acknowledged.filter((id) => rows.get(id) !== 'whole'),
        [],
      )
      assert.deepEqual(
        [...rows.values()].filter((text) => text !== 'whole'),
        [],
        'no transaction is there by half',
      )
      assert.equal(database.pragma('integrity_check', { simple: true }), 'ok')
    } finally {
      database.close()
    }
  } finally {
    await folder.remove()
  }
})
