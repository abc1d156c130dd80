/** What a verb sees of the process that it runs in. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Writes a line of the answer (stdout). */
  out(line: string): void
  /** Writes a line for the person at the keyboard (stderr). */
  err(line: string): void
  /** Replaces the last status on stderr; '' wipes it. Does nothing where nobody watches. */
  status(text: string): void
}

export function processTerminal(): Terminal {
  // Whoever reads us may have read enough (`postern export | head`).
  process.stdout.on('error', (error) => {
    if (!('code' in error) || error.code !== 'EPIPE') throw error
  })
  return {
    env: process.env,
    out: (line) => void process.stdout.write(`${line}\n`),
    err: (line) => void process.stderr.write(`${line}\n`),
    status: process.stderr.isTTY ? (text) => void process.stderr.write(`\r\x1b[K${text}`) : () => {},
  }
}

const quietMs = 1000

/** Shows what is being done, with the seconds, once it takes longer than a second. */
export async function withProgress<T>(terminal: Terminal, what: string, work: Promise<T>): Promise<T> {
  const startedAt = performance.now()
  let shown = false
  const timer = setInterval(() => {
    shown = true
    terminal.status(`${what}… ${Math.floor((performance.now() - startedAt) / 1000)} s`)
  }, quietMs)
  try {
    return await work
  } finally {
    clearInterval(timer)
    if (shown) terminal.status('')
  }
}
