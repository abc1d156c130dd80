import type { Finding } from '../main.ts'
import { quantile } from '../paired.ts'
import { runScript } from '../script.ts'

/** A thousand pools, each asked for one token. */
export async function run(): Promise<Finding> {
  const { residentMb, made } = await runScript<{ residentMb: number; made: number[] }>('thousand-pools.ts')
  const p99 = quantile(made, 0.99)
  return {
    what: '1,000 pools, each used once',
    measured: `${residentMb.toFixed(0)} MB resident, instance made in ${p99.toFixed(1)} ms at p99`,
    wanted: '≤ 400 MB, ≤ 20 ms',
    reached: residentMb <= 400 && p99 <= 20,
    how: 'one process, one token of each pool through oidc-provider (client_secret_post); the time is that of a first token less a second',
  }
}
