import { createFakeIssuer } from '@postern/resource-server/testing'
import type { Finding } from '../main.ts'
import { alternate, spread } from '../paired.ts'
import { startSide } from '../side.ts'
import { resource } from '../sides/resource.ts'

const wanted = 0.9

/** What the kit's guard costs a route of Express once a token has been verified. */
export const onExpress = () => run('express', 'Express 5')

/** The same on node:http, which does next to nothing besides. */
export const onNode = () => run('node', 'node:http')

async function run(framework: string, name: string): Promise<Finding> {
  const issuer = await createFakeIssuer()
  const guarded = await startSide('guarded', 'route.ts', framework, 'guarded', issuer.issuer)
  const open = await startSide('open', 'route.ts', framework, 'open')
  try {
    const exp = Math.floor(Date.now() / 1000) + 3600
    const authorization = `Bearer ${issuer.mint({ aud: resource, scope: 'read', exp })}`
    const seen = await alternate({ ...guarded, headers: { authorization } }, { ...open, headers: { authorization } })
    return {
      what: `guarded ${name} route, warm`,
      measured: `${seen.ratio.toFixed(2)} × open (${spread(seen)})`,
      wanted: `≥ ${wanted.toFixed(2)}`,
      reached: seen.ratio >= wanted,
      how: 'GET with an ES256 token that is in the verified-token cache, one required scope, no handler for events; against the same route without guard, sent the same header',
    }
  } finally {
    await Promise.all([guarded.close(), open.close(), issuer.close()])
  }
}
