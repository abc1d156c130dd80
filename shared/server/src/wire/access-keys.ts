import type { Mode } from '../config/readers.ts'
import type { Seed } from '../contract/seed.ts'
import { limits } from '../limits.ts'
import { StartError } from '../start-error.ts'

/** What the originals' API is signed with. The secret is kept as it is, for signatures are made with it. */
export interface AccessKey {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

export interface AccessKeySettings {
  readonly mode: Mode
  readonly accessKey?: AccessKey
}

/**
 * The keys of the settings and of the seed file; of two with one id, that of the settings.
 *
 * @throws StartError where a seeded secret is too short for production
 */
export function accessKeysOf(
  { mode, accessKey }: AccessKeySettings,
  seed: Partial<Pick<Seed, 'accessKeys'>> | undefined,
): readonly AccessKey[] {
  const seeded = seed?.accessKeys ?? []
  if (mode === 'production') refuseShort(seeded)
  const own = accessKey === undefined ? [] : [accessKey]
  return [...own, ...seeded.filter(({ accessKeyId }) => accessKeyId !== accessKey?.accessKeyId)]
}

function refuseShort(keys: readonly AccessKey[]): void {
  const index = keys.findIndex(({ secretAccessKey }) => secretAccessKey.length < limits.accessKeySecretProduction)
  if (index === -1) return
  throw new StartError(
    'setting',
    `accessKeys[${index}].secretAccessKey needs at least ${limits.accessKeySecretProduction} characters in production`,
  )
}
