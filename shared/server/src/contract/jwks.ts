import { z } from 'zod'
import { limits } from '../limits.ts'
import { repeats } from './repeats.ts'
import { type FieldError, withRules } from './validate.ts'

const member = z.string().max(limits.jwksMember)

/** Typed as text, unlike an enum, for that is what libraries make keys of. */
function oneOf(values: readonly string[]) {
  return member
    .refine((value) => values.includes(value), `must be one of ${values.join(', ')}`)
    .meta({ enum: [...values] })
}

/** A public key (RFC 7517). Members that are not known here are kept: certificates and the like. */
const publicKey = z.looseObject({
  kty: oneOf(['EC', 'RSA', 'OKP']),
  kid: member.min(1).exactOptional(),
  alg: member.exactOptional(),
  use: oneOf(['sig', 'enc']).exactOptional(),
  crv: member.exactOptional(),
  x: member.exactOptional(),
  y: member.exactOptional(),
  n: member.exactOptional(),
  e: member.exactOptional(),
})

const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv']

/** A client's own public keys. */
export const jwks = withRules(z.strictObject({ keys: z.array(publicKey).min(1).max(limits.jwksKeys) }), ({ keys }) => [
  ...keys.flatMap((key, index) => keyErrors(key, `keys[${index}]`)),
  ...repeats(
    keys,
    ({ kid }) => kid,
    '.kid',
    (first) => `is the kid of ${first} too; give each its own`,
  ).map((error) => ({ ...error, field: `keys${error.field}` })),
])
export type Jwks = z.output<typeof jwks>

function keyErrors(key: z.output<typeof publicKey>, field: string): FieldError[] {
  if (privateMembers.some((name) => Object.hasOwn(key, name))) {
    return [
      { field, code: 'invalid', message: 'holds a private key; send the public part only, and use another key pair' },
    ]
  }
  const needed =
    key.kty === 'RSA'
      ? (['n', 'e'] as const)
      : key.kty === 'EC'
        ? (['crv', 'x', 'y'] as const)
        : (['crv', 'x'] as const)
  return needed
    .filter((name) => key[name] === undefined)
    .map((name) => ({
      field: `${field}.${name}`,
      code: 'required',
      message: `is required in a key with kty ${key.kty}`,
    }))
}
