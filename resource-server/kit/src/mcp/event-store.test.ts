import assert from 'node:assert/strict'
import { test } from 'node:test'
import { InMemoryEventStore } from '@modelcontextprotocol/sdk/examples/shared/inMemoryEventStore.js'
import { bindEventStore, type EventStore } from './event-store.ts'

/** One that tells streams apart by itself, as stores over a database do. */
function createStore(knowsStreams: boolean): EventStore<string> {
  const events: { streamId: string; message: string }[] = []
  const streamOf = (eventId: string) => events[Number(eventId)]?.streamId
  return {
    storeEvent: async (streamId, message) => String(events.push({ streamId, message }) - 1),
    ...(knowsStreams ? { getStreamIdForEventId: async (eventId: string) => streamOf(eventId) } : {}),
    async replayEventsAfter(lastEventId, { send }) {
      const streamId = streamOf(lastEventId) ?? ''
      for (const [index, event] of events.entries()) {
        if (index > Number(lastEventId) && event.streamId === streamId) await send(String(index), event.message)
      }
      return streamId
    },
  }
}

async function replay(store: EventStore<string>, lastEventId: string) {
  const sent: string[] = []
  const streamId = await store.replayEventsAfter(lastEventId, { send: async (_id, message) => void sent.push(message) })
  return { streamId, sent }
}

for (const knowsStreams of [true, false]) {
  test(`a session is sent its own events again, and nobody else's (a store that ${knowsStreams ? 'finds' : 'does not find'} streams)`, async () => {
    const shared = createStore(knowsStreams)
    const alice = bindEventStore(shared)
    const bob = bindEventStore(shared)
    const first = await alice.storeEvent('_GET_stream', 'a1')
    const his = await bob.storeEvent('_GET_stream', 'b1')
    await alice.storeEvent('_GET_stream', 'a2')
    await alice.storeEvent('other', 'a3')
    assert.deepEqual(await replay(alice, first), { streamId: '_GET_stream', sent: ['a2'] })
    for (const [store, foreign] of [
      [bob, first],
      [alice, his],
      [bob, 'unknown'],
    ] as const) {
      const { streamId, sent } = await replay(store, foreign)
      assert.deepEqual(sent, [])
      assert.notEqual(streamId, '_GET_stream')
      assert.equal(await store.getStreamIdForEventId?.(foreign), undefined)
    }
    assert.equal(await alice.getStreamIdForEventId?.(first), knowsStreams ? '_GET_stream' : undefined)
    assert.equal('getStreamIdForEventId' in alice, knowsStreams)
  })
}

test("it fits the SDK's store", async () => {
  const shared = new InMemoryEventStore()
  const alice = bindEventStore(shared)
  const bob = bindEventStore(shared)
  const message = { jsonrpc: '2.0', method: 'notifications/message' } as const
  const first = await alice.storeEvent('stream', message)
  await alice.storeEvent('stream', message)
  const sentTo = async (store: typeof alice) => {
    const ids: string[] = []
    await store.replayEventsAfter(first, { send: async (eventId) => void ids.push(eventId) })
    return ids.length
  }
  // Its order within a millisecond is random.
  assert.ok((await sentTo(alice)) <= 1)
  assert.equal(await sentTo(bob), 0)
})
