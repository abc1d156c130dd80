import type { JWTVerifyOptions } from 'jose'
import { type Check, member } from '../checks/context.ts'
import { numericDate } from '../checks/time.ts'
import { type Algorithm, isAlgorithm, readAlgorithms } from '../options/algorithms.ts'
import { ConfigError } from '../options/config-error.ts'
import { readRecord, readText, readTexts } from '../options/fields.ts'
import { Refusal } from '../refusal.ts'
import { readSeconds } from './seconds.ts'

/** What `jwtVerify` asks of tokens, in the kit's terms. */
export interface JwtRules {
  readonly algorithms: readonly Algorithm[] | undefined
  /** Of these, the token names one. */
  readonly audiences: readonly string[] | undefined
  /** The only issuers, of those that are configured, whose tokens count. */
  readonly issuers: readonly string[] | undefined
  /** Seconds. */
  readonly clockTolerance: number | undefined
  readonly checks: readonly Check[]
  /** Does a token that passes now fail later without having expired? Then none may be remembered. */
  readonly ages: boolean
}

const known: readonly (keyof JWTVerifyOptions)[] = [
  'algorithms',
  'audience',
  'clockTolerance',
  'issuer',
  'maxTokenAge',
  'requiredClaims',
  'subject',
  'typ',
]

const unsupported: Readonly<Record<string, string>> = {
  crit: 'is not supported, for no extension of the token header is understood; remove it',
  currentDate: 'is not supported; give kit.clock, an object with now(), to move the time',
}

/** Reads `jwtVerify`, the options of jose's function of that name. Throws `ConfigError` for one that has no counterpart. */
export function readJwtVerify(value: unknown, path = 'jwtVerify'): JwtRules {
  const given = value ?? {}
  for (const [name, mend] of Object.entries(unsupported)) {
    if (typeof given === 'object' && Object.hasOwn(given, name)) throw new ConfigError(`${path}.${name}`, mend)
  }
  const options = readRecord(given, path, known)
  const tolerance = readSeconds(options['clockTolerance'], `${path}.clockTolerance`)
  const age = readSeconds(options['maxTokenAge'], `${path}.maxTokenAge`)
  const typ = readTyp(options['typ'], `${path}.typ`)
  const claims = readTexts(options['requiredClaims'], `${path}.requiredClaims`)
  const subject = options['subject'] === undefined ? undefined : readText(options['subject'], `${path}.subject`)
  return {
    algorithms: options['algorithms'] === undefined ? undefined : readNames(options['algorithms'], path),
    audiences: readOneOrMore(options['audience'], `${path}.audience`),
    issuers: readOneOrMore(options['issuer'], `${path}.issuer`),
    clockTolerance: tolerance,
    checks: [
      ...(typ === undefined ? [] : [hasTyp(typ)]),
      ...(claims === undefined ? [] : [hasClaims(claims)]),
      ...(subject === undefined ? [] : [isOf(subject)]),
      ...(age === undefined ? [] : [isYoung(age)]),
    ],
    ages: age !== undefined,
  }
}

function readNames(value: unknown, path: string): readonly Algorithm[] {
  return [...readAlgorithms(value, `${path}.algorithms`)].filter(isAlgorithm)
}

function readOneOrMore(value: unknown, path: string): readonly string[] | undefined {
  return typeof value === 'string' ? [readText(value, path)] : readTexts(value, path)
}

/** Other types name tokens that are no access tokens, which the kit refuses in any case. */
function readTyp(value: unknown, path: string): string | undefined {
  if (value === undefined) return undefined
  const typ = plainTyp(value)
  if (typ !== 'at+jwt' && typ !== 'jwt') throw new ConfigError(path, "must be 'at+jwt' or 'JWT'")
  return typ
}

function plainTyp(value: unknown): string | undefined {
  return typeof value === 'string' ? value.toLowerCase().replace(/^application\//, '') : undefined
}

function hasTyp(typ: string): Check {
  return ({ header }) => {
    if (plainTyp(member(header, 'typ')) !== typ) throw new Refusal('typ_not_allowed')
  }
}

function hasClaims(names: readonly string[]): Check {
  return ({ claims }) => {
    if (!names.every((name) => Object.hasOwn(claims, name))) throw new Refusal('malformed_claim')
  }
}

function isOf(subject: string): Check {
  return ({ claims }) => {
    if (member(claims, 'sub') !== subject) throw new Refusal('claim_rule')
  }
}

/** Issued not longer ago than this. Unlike the life time of a token, its age changes. */
function isYoung(seconds: number): Check {
  return ({ claims, rules, now }) => {
    const issuedAt = numericDate(claims, 'iat')
    if (issuedAt === undefined) throw new Refusal('malformed_claim')
    if (now - issuedAt > seconds + rules.clockTolerance) throw new Refusal('lifetime_too_long')
  }
}
