import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createLine } from './line.ts'

describe('a line', () => {
  it('lets so many through at once, in order, and says when it is full', async () => {
    const line = createLine({ width: 2, waiting: 2 })
    const doors: (() => void)[] = []
    const begun: number[] = []
    const work = [0, 1, 2, 3].map((index) =>
      line.run(async () => {
        begun.push(index)
        await new Promise<void>((resolve) => void doors.push(resolve))
        return index
      }),
    )
    await new Promise(setImmediate)
    assert.deepEqual([begun, line.isFull], [[0, 1], true])
    doors[0]?.()
    assert.equal(await work[0], 0)
    await new Promise(setImmediate)
    assert.deepEqual([begun, line.isFull], [[0, 1, 2], false])
    doors[1]?.()
    doors[2]?.()
    await Promise.all([work[1], work[2]])
    await new Promise(setImmediate)
    doors[3]?.()
    assert.equal(await work[3], 3)
  })

  it('goes on after work that failed', async () => {
    const line = createLine({ width: 1, waiting: 1 })
    const failed = line.run(() => Promise.reject(new Error('mine')))
    const next = line.run(async () => 'next')
    await assert.rejects(failed, /mine/)
    assert.equal(await next, 'next')
  })
})
