import type { Finding } from '../main.ts'
import { paired } from '../paired.ts'
import { startSide } from '../side.ts'

/** What the kit's guard costs an Express route once a token has been verified. */
export async function run(): Promise<Finding> {
  const guarded = await startSide('guarded', 'express.ts', 'guarded')
  const open = await startSide('open', 'express.ts', 'open')
  try {
    const { ratio, first, second } = await paired(guarded, open, 21, 2)
    return {
      what: 'guarded Express route, warm',
      measured: `${ratio.toFixed(2)} × open (${Math.round(first)} and ${Math.round(second)} requests/s)`,
      wanted: '≥ 0.80',
      reached: ratio >= 0.8,
      how: 'Express 5, ES256 token in the verified-token cache, one required scope; against the same route without guard',
    }
  } finally {
    await Promise.all([guarded.close(), open.close()])
  }
}
