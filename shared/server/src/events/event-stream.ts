import type { PosternEvent } from '@postern/core'
import { limits } from '../limits.ts'

/**
 * Events as text/event-stream. A comment goes out when nothing happened for a while, so that a connection that broke is
 * noticed on both sides.
 */
export async function* eventStream(
  events: AsyncIterable<PosternEvent>,
  signal: AbortSignal,
): AsyncGenerator<string, void, undefined> {
  const iterator = events[Symbol.asyncIterator]()
  const pulse = createPulse(limits.streamHeartbeat)
  try {
    // Asked for before anything is sent: whoever has seen the headers misses nothing from there on.
    let next = pull(iterator)
    yield 'retry: 2000\n\n'
    while (!signal.aborted) {
      const result = await Promise.race([next, pulse.next()])
      if (result === 'pulse') {
        yield ': alive\n\n'
        continue
      }
      if (result.done === true) return
      yield frame(result.value)
      next = pull(iterator)
    }
  } finally {
    pulse.stop()
    await iterator.return?.()
  }
}

/** A caller may go away while the next event is awaited, and nobody is left then to hear that it failed. */
function pull(iterator: AsyncIterator<PosternEvent>): Promise<IteratorResult<PosternEvent>> {
  const next = iterator.next()
  next.catch(() => {})
  return next
}

function frame(event: PosternEvent): string {
  return `id: ${event.id}\ndata: ${JSON.stringify(event)}\n\n`
}

function createPulse(intervalMs: number): { next(): Promise<'pulse'>; stop(): void } {
  let beat = Promise.withResolvers<'pulse'>()
  const timer = setInterval(() => {
    beat.resolve('pulse')
    beat = Promise.withResolvers<'pulse'>()
  }, intervalMs)
  timer.unref()
  return { next: () => beat.promise, stop: () => clearInterval(timer) }
}
