import { type ParsedMessage, readMessage } from './json-rpc.ts'

/** Why a reader reads no more. */
export type Overflow = 'line' | 'garbage' | 'message'

export interface LineReaderOptions {
  /** Longest line, in bytes. */
  readonly maxLine: number
  /** What may come between two messages that is none, in bytes. */
  readonly maxGarbage: number
  /** How deep a message may be nested. */
  readonly maxDepth: number
  readonly onMessage: (message: ParsedMessage) => void
  /** Called once, at the first bound that is passed, or message that `onMessage` throws at; nothing is read after it. */
  readonly onOverflow: (what: Overflow) => void
}

/** Reads newline-delimited JSON-RPC (the stdio transport) and survives whatever else is printed. */
export interface LineReader {
  push(chunk: Buffer): void
  /** The start of the first line that was no message: what a person has to see to understand. */
  firstGarbage(): string | undefined
}

const newline = 10
const garbageKept = 2048

/** Makes a reader whose memory is bounded by one line. */
export function createLineReader(options: LineReaderOptions): LineReader {
  const { maxLine, maxGarbage, maxDepth, onMessage, onOverflow } = options
  let parts: Buffer[] = []
  let held = 0
  let garbage = 0
  let first: string | undefined
  let stopped = false

  const overflow = (what: Overflow): void => {
    stopped = true
    parts = []
    onOverflow(what)
  }
  const discard = (line: Buffer): void => {
    if (line.length === 0) return
    first ??= line.subarray(0, garbageKept).toString('utf8')
    garbage += line.length
    if (garbage > maxGarbage) overflow('garbage')
  }
  const take = (line: Buffer): void => {
    const message = parseLine(line, maxDepth)
    if (message === undefined) {
      discard(line)
      return
    }
    // A server that prints a stray line now and then is left alone.
    garbage = 0
    try {
      onMessage(message)
    } catch {
      // Thrown on, it would be nobody's and end the gateway, with the backends of everybody else.
      overflow('message')
    }
  }
  const hold = (rest: Buffer): void => {
    if (rest.length === 0) return
    parts.push(rest)
    held += rest.length
    if (held <= maxLine) return
    first ??= Buffer.concat(parts).subarray(0, garbageKept).toString('utf8')
    overflow('line')
  }
  return {
    push(chunk) {
      let start = 0
      for (let end = chunk.indexOf(newline); end !== -1 && !stopped; end = chunk.indexOf(newline, start)) {
        const line = chunk.subarray(start, end)
        start = end + 1
        const whole = parts.length === 0 ? line : Buffer.concat([...parts, line])
        parts = []
        held = 0
        take(whole)
      }
      if (!stopped) hold(chunk.subarray(start))
    },
    firstGarbage: () =>
      first ?? (parts.length > 0 ? Buffer.concat(parts).subarray(0, garbageKept).toString('utf8') : undefined),
  }
}

function parseLine(line: Buffer, maxDepth: number): ParsedMessage | undefined {
  // Banners are common and never start with a brace: no exception is paid for them.
  if (!startsLikeAnObject(line)) return undefined
  try {
    return readMessage(JSON.parse(line.toString('utf8')), maxDepth)
  } catch {
    return undefined
  }
}

function startsLikeAnObject(line: Buffer): boolean {
  for (const byte of line) {
    if (byte === 0x7b) return true
    if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0d) return false
  }
  return false
}
