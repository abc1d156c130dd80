import assert from 'node:assert/strict'
import { test } from 'node:test'
import { caller, odd, openBench, service } from '../../backends/fixtures/harness.ts'
import { createMemoryCatalog } from '../fixtures/memory-catalog.ts'
import { createKeeper } from './keeper.ts'

test('whatever goes wrong with watching, it is tried again, and nothing is held meanwhile', async (t) => {
  const bench = await openBench()
  t.after(bench.close)
  const catalog = createMemoryCatalog(() => 'http://localhost')
  catalog.put({ id: 'svc', backend: odd() })
  const held: boolean[] = []
  const watched = Promise.withResolvers<void>()
  const keeper = createKeeper({
    serviceId: 'svc',
    missed: false,
    catalog,
    limits: { retryMs: 1, retryLongestMs: 2 },
    async connect(member) {
      const lease = await bench.backends.connect(service(member.backend), caller('a'))
      const at = held.push(true) - 1
      return {
        ...lease,
        release() {
          held[at] = false
          lease.release()
        },
      }
    },
    watch() {
      if (held.length < 3) throw new RangeError('Maximum call stack size exceeded')
      watched.resolve()
      return () => {}
    },
    onChange: () => {},
  })
  t.after(keeper.stop)
  await watched.promise
  assert.deepEqual(held, [false, false, true])
})
