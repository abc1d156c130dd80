import { join } from 'node:path'
import { generateSecret, type Seed, StartError, secretFile, seed as seedSchema, validate } from '@postern/server'

/** What the identity provider has in development when no configuration is named. */
export const demoIds = { poolId: 'default', clientId: 'demo', resource: '/mcp' } as const

/** Where the demo client's secret lies; the path may be printed, its content never. */
export function demoSecretFile(dataDir: string): string {
  return join(dataDir, 'demo-secret')
}

function demoPool(clientSecret: string) {
  const { poolId, clientId, resource } = demoIds
  return {
    id: poolId,
    resources: [{ identifier: resource, name: 'everyday' }],
    clients: [{ clientId, clientType: 'MACHINE_TO_MACHINE', clientSecret }],
  }
}

/**
 * Pool `default` with machine client `demo` and the gateway's demo service as its resource. The client's secret is
 * made once and stays in a private file.
 *
 * @throws StartError when the file cannot be made, can be read by others, or holds something else
 */
export async function demoSeed(dataDir: string): Promise<Seed> {
  const file = demoSecretFile(dataDir)
  const secret = await secretFile(file, generateSecret, 'POSTERN_CONFIG to a seed file with clients of your own')
  const checked = validate(seedSchema, { version: 1, pools: [demoPool(secret)] })
  if (checked.ok) return checked.value
  const wanted = '32 or more of A-Z, a-z, 0-9, "_" and "-"'
  throw new StartError('secret_file', `${file} must hold ${wanted}; remove it to have one made`)
}
