import { argon2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { limits } from '../../limits.ts'
import { createLine } from './line.ts'
import { normalPassword } from './password-policy.ts'
import { type Argon2Cost, formatPhc, parsePhc, presentCost } from './phc.ts'

/** Hashes passwords: the one expensive thing that is done for a person. */
export interface Passwords {
  /** A new salt each time. @returns a PHC string */
  hash(password: string): Promise<string>
  /** Always one hash's work, with the cost of the one compared with. */
  verify(password: string, phc: string): Promise<boolean>
  /** Was it made with less than new ones are? */
  isOutdated(phc: string): boolean
  /** What a password is compared with where there is none: none fits it. */
  nobody(): string
}

const derive = promisify(argon2)

interface Bytes {
  readonly salt: Buffer
  readonly length: number
}

async function argon2id(password: string, cost: Argon2Cost, { salt, length }: Bytes): Promise<Buffer> {
  return await derive('argon2id', {
    message: Buffer.from(normalPassword(password), 'utf8'),
    nonce: salt,
    parallelism: cost.lanes,
    tagLength: length,
    memory: cost.memory,
    passes: cost.passes,
  })
}

/**
 * Argon2id (RFC 9106) in the thread pool, a few at a time: each takes its memory, and a flood of sign-ins must not
 * take all there is.
 */
export function createPasswords(cost: Argon2Cost = presentCost): Passwords {
  const line = createLine({ width: limits.passwordsAtOnce, waiting: Number.POSITIVE_INFINITY })
  return {
    hash: (password) =>
      line.run(async () => {
        const salt = randomBytes(limits.passwordSaltBytes)
        const tag = await argon2id(password, cost, { salt, length: limits.passwordTagBytes })
        return formatPhc({ ...cost, salt, tag })
      }),
    verify: (password, phc) =>
      line.run(async () => {
        const hash = parsePhc(phc)
        if (hash === undefined) throw new Error('a stored password hash is malformed')
        const tag = await argon2id(password, hash, { salt: hash.salt, length: hash.tag.length })
        return timingSafeEqual(tag, hash.tag)
      }),
    isOutdated(phc) {
      const hash = parsePhc(phc)
      return hash === undefined || hash.memory * hash.passes < cost.memory * cost.passes
    },
    nobody() {
      const salt = randomBytes(limits.passwordSaltBytes)
      return formatPhc({ ...cost, salt, tag: randomBytes(limits.passwordTagBytes) })
    },
  }
}
