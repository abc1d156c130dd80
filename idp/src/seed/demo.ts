import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { generateSecret, type Seed, StartError, secretFile, seed as seedSchema, validate } from '@postern/server'

/** What the identity provider has in development when no configuration is named. */
export const demoIds = { poolId: 'default', clientId: 'demo', userName: 'demo', resource: '/mcp' } as const

/** Where the demo client's secret lies; the path may be printed, its content never. */
export function demoSecretFile(dataDir: string): string {
  return join(dataDir, 'demo-secret')
}

/** Where the password of the demo user lies: for people, who read it there. */
export function demoPasswordFile(dataDir: string): string {
  return join(dataDir, 'demo-password')
}

export interface Demo {
  readonly seed: Seed
  /** Set when it was made just now: whoever is called demo already has another. */
  readonly newPassword: string | undefined
}

const mend = 'POSTERN_CONFIG to a seed file of your own'

/**
 * Does the demo user fit into the pool? Somebody may have made another pool in the demo's place, whose people sign in
 * with something else.
 */
export function fitsUser(pool: { readonly signInAttributes: readonly string[] } | undefined): boolean {
  return pool === undefined || pool.signInAttributes.includes('preferred_username')
}

/**
 * Pool `default` with machine client `demo`, user `demo`, and the gateway's demo service as its resource. Secret and
 * password are made once and stay in private files.
 *
 * @throws StartError when a file cannot be made, can be read by others, or holds something else
 */
export async function demoSeed(dataDir: string, withUser: boolean): Promise<Demo> {
  const clientSecret = await secretFile(demoSecretFile(dataDir), generateSecret, mend)
  const { password, newPassword } = withUser ? await demoPassword(dataDir) : {}
  const { poolId, clientId, userName, resource } = demoIds
  const pool = {
    id: poolId,
    resources: [{ identifier: resource, name: 'everyday' }],
    // Said of the client, for the pool's default stays with the URL that the gateway had at its first start.
    clients: [{ clientId, clientType: 'MACHINE_TO_MACHINE', clientSecret, defaultResource: resource }],
    ...(password === undefined ? {} : { users: [{ preferredUsername: userName, password }] }),
  }
  const checked = validate(seedSchema, { version: 1, pools: [pool] })
  if (checked.ok) return { seed: checked.value, newPassword }
  const isPassword = checked.errors.every(({ field }) => field.includes('password'))
  const [file, wanted] = isPassword
    ? [demoPasswordFile(dataDir), 'a password']
    : [demoSecretFile(dataDir), '32 or more of A-Z, a-z, 0-9, "_" and "-"']
  throw new StartError('secret_file', `${file} must hold ${wanted}; remove it to have one made`)
}

async function demoPassword(dataDir: string) {
  let newPassword: string | undefined
  const make = () => {
    newPassword = generatePassword()
    return newPassword
  }
  const password = await secretFile(demoPasswordFile(dataDir), make, mend)
  return { password, newPassword }
}

const passwordBytes = 12

/** Of every kind of character that the policy of a pool may ask for. */
function generatePassword(): string {
  return `Demo-1-${randomBytes(passwordBytes).toString('base64url')}`
}
