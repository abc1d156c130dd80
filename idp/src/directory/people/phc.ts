import { limits } from '../../limits.ts'

/** How an Argon2id hash was made: KiB of memory, passes, lanes. */
export interface Argon2Cost {
  readonly memory: number
  readonly passes: number
  readonly lanes: number
}

export interface Argon2Hash extends Argon2Cost {
  readonly salt: Buffer
  readonly tag: Buffer
}

/** The cost of new hashes. */
export const presentCost: Argon2Cost = {
  memory: limits.passwordMemory,
  passes: limits.passwordPasses,
  lanes: limits.passwordLanes,
}

const pattern =
  /^\$argon2id\$v=19\$m=([1-9][0-9]{0,8}),t=([1-9][0-9]{0,4}),p=([1-9][0-9]{0,3})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/

/** Reads a PHC string of Argon2id, version 19; undefined: it is none. */
export function parsePhc(text: string): Argon2Hash | undefined {
  const [, memory, passes, lanes, salt = '', tag = ''] = pattern.exec(text) ?? []
  if (memory === undefined) return undefined
  const parsed = {
    memory: Number(memory),
    passes: Number(passes),
    lanes: Number(lanes),
    salt: Buffer.from(salt, 'base64'),
    tag: Buffer.from(tag, 'base64'),
  }
  // Base64 has several spellings of the same bytes; only the one that is written is read.
  return formatPhc(parsed) === text ? parsed : undefined
}

export function formatPhc({ memory, passes, lanes, salt, tag }: Argon2Hash): string {
  return `$argon2id$v=19$m=${memory},t=${passes},p=${lanes}$${base64(salt)}$${base64(tag)}`
}

function base64(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '')
}

/** Why a hash from elsewhere is not taken, or undefined. */
export function phcProblem(text: string): string | undefined {
  const hash = parsePhc(text)
  if (hash === undefined) return 'must be an Argon2id hash as a PHC string: $argon2id$v=19$m=…,t=…,p=…$<salt>$<hash>'
  const { memory, passes, lanes } = hash
  if (memory < limits.passwordMemoryMin || memory > limits.passwordMemoryMax) {
    return `must have m from ${limits.passwordMemoryMin} to ${limits.passwordMemoryMax}; set a new password instead`
  }
  if (passes > limits.passwordPassesMax) return `must have t of at most ${limits.passwordPassesMax}`
  if (lanes > limits.passwordLanesMax) return `must have p of at most ${limits.passwordLanesMax}`
  return undefined
}
