import type { Finding } from '../main.ts'
import { paired } from '../paired.ts'
import { startSide } from '../side.ts'

/** Access tokens per second, ours against oidc-provider as it comes. */
export async function run(): Promise<Finding> {
  const ours = await startSide('ours', 'idp-tokens.ts')
  const stock = await startSide('stock', 'stock-tokens.ts')
  try {
    const { ratio, first, second } = await paired(ours, stock)
    return {
      what: 'tokens by client credentials, ES256',
      measured: `${ratio.toFixed(2)} × stock (${Math.round(first)} and ${Math.round(second)} tokens/s)`,
      wanted: '≥ 1.2',
      reached: ratio >= 1.2,
      how: 'HTTP Basic, SQLite, events on; against stock oidc-provider with the same adapter and its own signer, client in the store',
    }
  } finally {
    await Promise.all([ours.close(), stock.close()])
  }
}
