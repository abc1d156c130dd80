import { startFuzzing } from './fuzz.ts'

/** Seconds in all; POSTERN_FUZZ_SECONDS asks for more or less. */
const seconds = Number(process.env['POSTERN_FUZZ_SECONDS'] ?? 60)

/** POSTERN_FUZZ_SEED does a run again. */
const seed = Number(process.env['POSTERN_FUZZ_SEED'] ?? Date.now() % 2 ** 31)

console.log(`Fuzzing headers and tokens for ${seconds} s; POSTERN_FUZZ_SEED=${seed} does it again.`)
const fuzzing = await startFuzzing()
try {
  const sent = await fuzzing.run({
    seed,
    numRuns: Number.MAX_SAFE_INTEGER,
    interruptAfterTimeLimit: seconds * 1000,
    markInterruptAsFailure: false,
  })
  if (sent === 0) throw new Error('nothing was sent')
  console.log(`${sent} requests: no answer above 499 and no crash.`)
} finally {
  await fuzzing.close()
}
