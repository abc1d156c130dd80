import { limits } from '../limits.ts'
import type { AccessKey } from '../wire/access-keys.ts'
import { type Environment, valueIn } from './variables.ts'

/** The access key of the variables; a mistake is told as a sentence, never with the value. */
export function readAccessKey(env: Environment, mistakes: string[]): AccessKey | undefined {
  const accessKeyId = valueIn(env, 'POSTERN_ACCESS_KEY_ID')
  const secretAccessKey = valueIn(env, 'POSTERN_SECRET_ACCESS_KEY')
  if (accessKeyId === undefined && secretAccessKey === undefined) return undefined
  const found = problems(accessKeyId, secretAccessKey)
  mistakes.push(...found)
  if (found.length > 0 || accessKeyId === undefined || secretAccessKey === undefined) return undefined
  return { accessKeyId, secretAccessKey }
}

function problems(accessKeyId: string | undefined, secretAccessKey: string | undefined): string[] {
  if (secretAccessKey === undefined) return ['POSTERN_ACCESS_KEY_ID needs POSTERN_SECRET_ACCESS_KEY beside it']
  if (accessKeyId === undefined) return ['POSTERN_SECRET_ACCESS_KEY needs POSTERN_ACCESS_KEY_ID beside it']
  const { accessKeyId: idRule, secretAccessKey: secretRule } = accessKeyRules
  return [
    ...(idRule.test(accessKeyId) ? [] : [`POSTERN_ACCESS_KEY_ID ${accessKeyTexts.accessKeyId}`]),
    ...(secretRule.test(secretAccessKey) ? [] : [`POSTERN_SECRET_ACCESS_KEY ${accessKeyTexts.secretAccessKey}`]),
  ]
}

/** The id stands between "/" and "," in a header. */
export const accessKeyRules = {
  accessKeyId: new RegExp(`^[A-Za-z0-9_.-]{1,${limits.name}}$`),
  secretAccessKey: new RegExp(`^[\\x21-\\x7e]{${limits.accessKeySecretMin},${limits.clientSecretMax}}$`),
}

export const accessKeyTexts = {
  accessKeyId: `must be 1 to ${limits.name} of A-Z, a-z, 0-9, "_", "." and "-"`,
  secretAccessKey: `must be ${limits.accessKeySecretMin} to ${limits.clientSecretMax} printable ASCII characters without spaces`,
}
