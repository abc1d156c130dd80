import { createFakeIssuer } from '@postern/resource-server/testing'
import { badTokens } from '../bad-tokens.ts'
import { load } from '../load.ts'
import type { Finding } from '../main.ts'
import { startSide } from '../side.ts'
import { resource } from '../sides/resource.ts'

interface Memory {
  readonly rssMb: number
  readonly heapMb: number
}

/** A million bad tokens, no two alike, at a guarded node:http route. */
export async function run(): Promise<Finding> {
  const issuer = await createFakeIssuer({ audience: resource })
  const side = await startSide('guarded', 'route.ts', 'node', 'guarded', issuer.issuer)
  const memory = async (): Promise<Memory> =>
    (await fetch(side.url.replace('/mcp', '/memory'))).json() as Promise<Memory>
  try {
    const tokens = badTokens(issuer)
    // Until then V8's young generation and malloc's arenas grow to the size that they keep, whatever is sent.
    await load(side, { requests: 300_000, tokens, status: 401 })
    const early = await memory()
    await load(side, { requests: 700_000, tokens, status: 401 })
    const late = await memory()
    const [heap, rss] = [late.heapMb - early.heapMb, late.rssMb - early.rssMb]
    return {
      what: '1,000,000 distinct bad tokens',
      measured: `heap ${early.heapMb.toFixed(1)} → ${late.heapMb.toFixed(1)} MB, resident ${early.rssMb.toFixed(0)} → ${late.rssMb.toFixed(0)} MB`,
      wanted: 'flat: ≤ 2 MB more heap, ≤ 16 MB more resident',
      reached: heap <= 2 && rss <= 16,
      how: 'after 300,000 and after all, garbage collected: bad signatures, unknown key ids, unknown issuers, broken JSON and texts that are no JWT; each was answered with 401',
    }
  } finally {
    await Promise.all([side.close(), issuer.close()])
  }
}
