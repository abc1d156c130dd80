import { createSessionId } from './sessions.ts'

/** `EventStore` of both SDK generations: what a transport keeps for clients that reconnect. */
export interface EventStore<Message> {
  storeEvent(streamId: string, message: Message): Promise<string>
  getStreamIdForEventId?(eventId: string): Promise<string | undefined>
  replayEventsAfter(lastEventId: string, target: EventTarget<Message>): Promise<string>
}

interface EventTarget<Message> {
  send(eventId: string, message: Message): Promise<void>
}

/**
 * Puts one session's events of a shared store apart: a `Last-Event-ID` of any other session's replays nothing. The SDKs
 * look events up by id alone, and name every session's own GET stream the same, so with a store that sessions share the
 * one would be sent the events of the other.
 *
 * @example
 * new StreamableHTTPServerTransport({ sessionIdGenerator, eventStore: bindEventStore(store) })
 */
export function bindEventStore<Message>(store: EventStore<Message>): EventStore<Message> {
  // Stores take event ids apart at underscores; there are none in this.
  const prefix = `${createSessionId().replaceAll(/[^A-Za-z0-9]/g, '')}.`
  const own = (streamId: string | undefined): string | undefined =>
    streamId?.startsWith(prefix) === true ? streamId.slice(prefix.length) : undefined
  const find = store.getStreamIdForEventId?.bind(store)
  return {
    storeEvent: (streamId, message) => store.storeEvent(prefix + streamId, message),
    ...(find === undefined ? {} : { getStreamIdForEventId: async (eventId) => own(await find(eventId)) }),
    async replayEventsAfter(lastEventId, target) {
      const found: [string, Message][] = []
      const streamId = await store.replayEventsAfter(lastEventId, {
        send: async (eventId, message) => void found.push([eventId, message]),
      })
      const ownId = own(streamId)
      // A stream of nobody's, where nothing is ever sent.
      if (ownId === undefined) return createSessionId()
      for (const [eventId, message] of found) await target.send(eventId, message)
      return ownId
    },
  }
}
