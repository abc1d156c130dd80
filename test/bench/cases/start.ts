import type { Finding } from '../main.ts'
import { median } from '../paired.ts'
import { runScript } from '../script.ts'

/** How long startIdp() takes in a process that has imported it: the first call of fresh processes. */
export async function run(): Promise<Finding> {
  const times: number[] = []
  for (let round = 0; round < 11; round++) times.push((await runScript<{ ms: number }>('start-idp.ts')).ms)
  const typical = median(times)
  return {
    what: 'startIdp(), first call in a process',
    measured: `${typical.toFixed(0)} ms (worst of ${times.length}: ${Math.max(...times).toFixed(0)} ms)`,
    wanted: '< 150 ms',
    reached: typical < 150,
    how: 'import excluded; server listening, database file and admin token made; median of fresh processes',
  }
}
