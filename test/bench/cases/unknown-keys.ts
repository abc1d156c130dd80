import { createFakeIssuer } from '@postern/resource-server/testing'
import { unknownKeys } from '../bad-tokens.ts'
import { load } from '../load.ts'
import type { Finding } from '../main.ts'
import { compare, spread } from '../paired.ts'
import { type Side, startSide } from '../side.ts'
import { resource } from '../sides/resource.ts'

const rounds = 25
const perRound = 40

/** A thousand key ids that nobody has, beside good tokens; against as many requests without a credential. */
export async function run(): Promise<Finding> {
  const issuer = await createFakeIssuer({ audience: resource })
  const side = await startSide('guarded', 'route.ts', 'node', 'guarded', issuer.issuer)
  try {
    const exp = Math.floor(Date.now() / 1000) + 3600
    const good: Side = { ...side, headers: { authorization: `Bearer ${issuer.mint({ exp })}` } }
    await load(good, { seconds: 2 })
    const before = issuer.fetches.jwks
    const tokens = unknownKeys(issuer)
    const beside = (more: Parameters<typeof load>[1]) => async () => {
      const common = { requests: perRound, connections: 1, status: 401 }
      const [{ answers, seconds }] = await Promise.all([
        load(good, { seconds: 0.4 }),
        load(side, { ...common, ...more }),
      ])
      return answers / seconds
    }
    const seen = await compare(beside({ tokens }), beside({}), rounds)
    const fetches = issuer.fetches.jwks - before
    return {
      what: '1,000 unknown key ids',
      measured: `${fetches} fetches; good tokens beside them ${seen.ratio.toFixed(2)} × (${spread(seen)})`,
      wanted: '≤ 2 fetches, ≥ 0.95',
      reached: fetches <= 2 && seen.ratio >= 0.95,
      how: `${perRound} unknown ids a round at a node:http route that is busy with a good token, against as many requests without a credential`,
    }
  } finally {
    await Promise.all([side.close(), issuer.close()])
  }
}
