/*
 * What this process writes while attacks run: to its standard streams, which console writes to as well, and as warnings.
 * A file of tests that is run by itself reports through the same streams, so what is looked for must not be the name of
 * a test.
 */
let written = ''

for (const stream of [process.stdout, process.stderr]) {
  const write = stream.write
  stream.write = (...args: [chunk: Uint8Array | string, ...rest: unknown[]]) => {
    const [chunk] = args
    if (!isReport(chunk)) written += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString()
    return Reflect.apply(write, stream, args)
  }
}
process.on('warning', ({ stack = '' }) => {
  written += stack
})

/** What a file of tests tells the process that runs all files: serialized by node:v8, which no text begins like. */
function isReport(chunk: Uint8Array | string): boolean {
  return typeof chunk !== 'string' && chunk[0] === 0xff
}

/** Begins to listen; the function gives what was written since, and gives it up. */
export function listenToOutput(): () => string {
  const from = written.length
  return () => written.slice(from)
}
