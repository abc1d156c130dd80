import { createFakeIssuer } from '@postern/resource-server/testing'
import type { Finding } from '../main.ts'
import { alternate, spread } from '../paired.ts'
import { startSide } from '../side.ts'
import { resource } from '../sides/resource.ts'

const wanted = 1.2
const names = { 'mcp-auth': 'mcp-auth 0.2.0', sdk: "the SDK's requireBearerAuth with jose" } as const

/** What verifying a token that nobody has seen costs, against what others use. */
export const cold = (algorithm: 'ES256' | 'RS256', other: keyof typeof names) => async (): Promise<Finding> => {
  const issuer = await createFakeIssuer({ audience: resource, algorithm })
  const args = [algorithm, issuer.issuer, issuer.jwksUri]
  const ours = await startSide('kit', 'cold.ts', 'kit', ...args)
  const theirs = await startSide(other, 'cold.ts', other, ...args)
  try {
    const exp = Math.floor(Date.now() / 1000) + 3600
    const tokens = Array.from({ length: 2000 }, () => issuer.mint({ exp }))
    const seen = await alternate(ours, theirs, { tokens, rounds: 25 })
    return {
      what: `cold verification, ${algorithm}`,
      measured: `${seen.ratio.toFixed(2)} × ${names[other]} (${spread(seen)})`,
      wanted: `≥ ${wanted}`,
      reached: seen.ratio >= wanted,
      how: '2,000 tokens in turn on an Express 5 route, no cache of tokens on either side; issuer, audience, algorithm, typ, times, required claims and one scope checked by both',
    }
  } finally {
    await Promise.all([ours.close(), theirs.close(), issuer.close()])
  }
}
