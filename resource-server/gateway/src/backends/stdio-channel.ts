import { once } from 'node:events'
import { type Channel, ChannelError, type ChannelEvents } from './channel.ts'
import type { RpcMessage } from './json-rpc.ts'
import { createLineReader, type Overflow } from './lines.ts'
import { type ChildProcess, type Exit, killGroup } from './process.ts'
import type { Excess } from './process-watch.ts'
import { createTail } from './text.ts'
import type { BackendLimits } from './types.ts'

/** How a process came to its end. */
export interface StdioEnd {
  /** It was ended from here. */
  readonly asked: boolean
  readonly exit: Exit
  /** The bound that it passed, or what else it was stopped for. */
  readonly overflow?: Overflow | 'unread' | Excess
}

export interface StdioChannel extends Channel {
  readonly pid: number
  /** Starts reading. */
  listen(events: Pick<ChannelEvents, 'onMessage' | 'onClosed'>): void
  /** Resolves when the process has gone with its family, and its output has been read. */
  readonly ended: Promise<StdioEnd>
  close(): Promise<void>
  /** Kills it and what it forked, for it has too much of something: what grows is not asked first. */
  killFor(excess: Excess): void
  /** The end of what it wrote to stderr. */
  stderr(): string
  /** The first line on stdout that was no message. */
  garbage(): string | undefined
}

// What is left in the pipes of a dead process is there at once; a grandchild that holds them open is not waited for.
const drainMs = 200

/** Newline-delimited JSON-RPC over a process's stdin and stdout (MCP's stdio transport). */
export function createStdioChannel(child: ChildProcess, limits: BackendLimits): StdioChannel {
  const tail = createTail(limits.stderrBytes)
  let events: Pick<ChannelEvents, 'onMessage' | 'onClosed'> | undefined
  let asked = false
  let overflow: StdioEnd['overflow']

  const reader = createLineReader({
    maxLine: limits.messageBytes,
    maxGarbage: limits.garbageBytes,
    maxDepth: limits.messageDepth,
    onMessage: (message) => events?.onMessage(message),
    onOverflow: (what) => stopFor(what),
  })
  const stopFor = (what: NonNullable<StdioEnd['overflow']>): void => {
    overflow ??= what
    child.stdout.destroy()
    void child.stop(limits)
  }
  child.stderr.on('data', (chunk: Buffer) => tail.push(chunk))
  child.stderr.on('error', () => {})
  child.stdout.on('error', () => {})

  const ended = child.exited.then(async (exit): Promise<StdioEnd> => {
    await Promise.all([child.gone, drained(child)])
    events?.onClosed()
    return { asked, exit, ...(overflow === undefined ? {} : { overflow }) }
  })

  return {
    pid: child.pid,
    perRequestStreams: false,
    cancelsBySignal: () => false,
    ended,
    agreed: () => {},
    stderr: tail.text,
    garbage: reader.firstGarbage,
    listen(listener) {
      events = listener
      child.stdout.on('data', reader.push)
      // Without stdout it can never answer again, whether it lives or not.
      child.stdout.once('end', () => void child.stop(limits))
    },
    async send(message) {
      if (child.stdin.writableLength > limits.unreadBytes) {
        stopFor('unread')
        throw new ChannelError('the process does not read its stdin')
      }
      if (!child.stdin.writable) throw new ChannelError('the process has gone', { lost: true })
      child.stdin.write(`${oneLine(message)}\n`)
    },
    killFor(excess) {
      overflow ??= excess
      killGroup(child.pid)
    },
    async close() {
      asked = true
      await child.stop(limits)
      await ended
    },
  }
}

/** JSON on one line even for readers that take U+2028 and U+2029 for the end of one, as Node's readline does. */
function oneLine(message: RpcMessage): string {
  return JSON.stringify(message).replace(/[\u2028\u2029]/g, (end) => (end === '\u2028' ? '\\u2028' : '\\u2029'))
}

async function drained(child: ChildProcess): Promise<void> {
  const waiting = [child.stdout, child.stderr].filter((stream) => !stream.closed).map((stream) => once(stream, 'close'))
  const timer = Promise.withResolvers<void>()
  const timeout = setTimeout(timer.resolve, drainMs)
  await Promise.race([Promise.allSettled(waiting), timer.promise])
  clearTimeout(timeout)
  child.stdout.destroy()
  child.stderr.destroy()
}
