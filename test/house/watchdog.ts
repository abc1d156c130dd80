import { basename } from 'node:path'

/** Longer than any test file takes on a slow machine, by far. */
const limitMs = 6 * 60_000

// A file whose tests wait for what never comes would hold up the whole run without a word: the runner's own time limit
// fails a test, but does not end a process that something keeps alive.
if (process.env['NODE_TEST_CONTEXT'] !== undefined) {
  const file = basename(process.argv[1] ?? '')
  setTimeout(() => {
    process.stderr.write(`${file} has not ended after ${limitMs / 60_000} minutes; it is given up\n`)
    process.exit(1)
  }, limitMs).unref()
}
