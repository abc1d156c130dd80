import { eventQuery, eventReply } from '../contract/event.ts'
import { listReply } from '../contract/list.ts'
import { problem } from '../http/problem.ts'
import { type Route, route } from '../http/route.ts'
import { limits } from '../limits.ts'
import { isEventId } from './event-id.ts'
import { eventStream } from './event-stream.ts'
import type { Recorder } from './recorder.ts'

/** GET /events: a list, or with `Accept: text/event-stream` a stream (WHATWG HTML §9.2). */
export function eventRoutes(recorder: Recorder): Route[] {
  let open = 0
  return [
    route({
      method: 'GET',
      path: '/events',
      summary: 'Lists decisions, newest first, or streams them',
      tag: 'Events',
      query: eventQuery,
      reply: { status: 200, schema: listReply(eventReply), mediaTypes: ['text/event-stream'] },
      handler: async ({ query, header, signal }) => {
        if (!wantsStream(header('accept'))) return { body: await recorder.list(query) }
        if (open >= limits.streams) {
          problem(503, 'unavailable', `${limits.streams} event streams are open; close one`, [], { 'retry-after': '5' })
        }
        const lastEventId = checkLastEventId(header('last-event-id'))
        open += 1
        signal.addEventListener('abort', () => {
          open -= 1
        })
        return {
          stream: eventStream(recorder.stream(query, lastEventId, signal), signal),
          headers: { 'content-type': 'text/event-stream; charset=utf-8' },
        }
      },
    }),
  ]
}

function wantsStream(accept: string | undefined): boolean {
  return accept?.split(',').some((one) => one.split(';')[0]?.trim().toLowerCase() === 'text/event-stream') ?? false
}

function checkLastEventId(id: string | undefined): string | undefined {
  if (id === undefined || isEventId(id)) return id
  return problem(400, 'invalid_request', 'Last-Event-ID: is no id of an event; leave it out to start now')
}
