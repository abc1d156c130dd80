import { after, before, test } from 'node:test'
import { type Fuzzing, startFuzzing } from './fuzz.ts'

let fuzzing: Fuzzing

before(async () => {
  fuzzing = await startFuzzing()
})
after(() => fuzzing.close())

test('no header, token or body makes it fail, and nothing but a good token passes', async () => {
  await fuzzing.run({ numRuns: 150 })
})
