import { checkResource, isId, isLoopbackHost, isScopeToken } from '@postern/core'
import { z } from 'zod'
import { limits } from '../limits.ts'
import { repeats } from './repeats.ts'
import { withRules } from './validate.ts'

const idMessage = 'must be 1 to 63 characters of a-z, 0-9 and "-", and begin with a letter or digit'

/** An id of the contract. */
export const id = z.string().refine(isId, idMessage).meta({ pattern: '^[a-z0-9][a-z0-9-]{0,62}$' })

const oneLine = 'must not hold control characters'
/** Also those that break a line, or turn the direction of what follows. */
const controls = /\p{Cc}|\p{Cs}|\p{Zl}|\p{Zp}|[\u202a-\u202e\u2066-\u2069]/u

/** A name that people read. */
export const name = text(limits.name)

export const description = z
  .string()
  .max(limits.description)
  .refine((value) => !hasControls(value, /[\n\t]/g), oneLine)

/** Lifetime in seconds. */
export const ttl = z.number().int().min(limits.ttlMin).max(limits.ttlMax)

export const scopeToken = z
  .string()
  .max(limits.scopeToken)
  .refine(isScopeToken, 'must be one scope: printable ASCII without space, quotation mark or backslash')

export const scopeList = uniqueList(scopeToken, limits.scopes)

/** A resource identifier in its canonical form: a URL without fragment, https unless on this machine, or a URN. */
export const resourceId = z.string().transform((value, context) => {
  const checked = checkResource(value)
  if (checked.ok) return checked.resource
  context.addIssue({ code: 'custom', message: checked.message })
  return z.NEVER
})

export const resourceList = uniqueList(resourceId, limits.resources)

const aTime = 'must be a time such as 2027-01-31T12:00:00Z'

/** A time: ISO 8601 with zone in, UTC out, of a year with four digits in both. */
export const time = z.iso
  .datetime({ offset: true, error: aTime, abort: true })
  .refine((value) => /^\d{4}-/.test(new Date(value).toISOString()), { error: aTime, abort: true })
  .transform((value) => new Date(value).toISOString())

/** A time as it is answered. */
export const timeOut = z.iso.datetime()

/** A URL that a server of ours calls: https, or http on this machine. */
export const fetchUrl = z
  .string()
  .max(limits.url)
  .superRefine((value, context) => {
    const message = fetchUrlProblem(value)
    if (message !== undefined) context.addIssue({ code: 'custom', message, continue: false })
  })

function fetchUrlProblem(value: string): string | undefined {
  if (!URL.canParse(value) || /\s/.test(value)) return 'write an absolute URL such as https://mcp.example/mcp'
  const url = new URL(value)
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'use an https:// URL'
  if (url.username !== '' || url.password !== '') return 'remove the user name and password before the "@"'
  if (url.hash !== '' || value.includes('#')) return 'remove the "#" and everything after it'
  if (url.protocol === 'http:' && !isLoopbackHost(url.hostname)) {
    return 'use https://; http:// is for localhost, *.localhost, 127.0.0.0/8 and [::1] only'
  }
  return undefined
}

/** Lifetime of a refresh token in seconds. */
export const refreshTtl = z.number().int().min(limits.refreshTtlMin).max(limits.refreshTtlMax)

/** A user as a setting names one: an id, or a name to sign in with. */
export const userRef = text(limits.email)

/** Text on one line, neither empty nor blank. */
export function text(max: number) {
  return z
    .string()
    .min(1)
    .max(max)
    .refine((value) => !hasControls(value), oneLine)
    .refine((value) => value.trim() === value, 'must not begin or end with a space')
}

/** A bounded list in which nothing occurs twice. */
export function uniqueList<S extends z.ZodType>(item: S, max: number) {
  return withRules(z.array(item).max(max), (values) =>
    repeats(
      values,
      (value) => value,
      '',
      (first) => `is the same as ${first}; remove one`,
    ),
  )
}

/** A field that PATCH may set to null, which clears it. */
export function clearable<S extends z.ZodType>(schema: S) {
  return schema.nullable().exactOptional()
}

/** A field of an object that PATCH knows and refuses. */
export function immutable(mend: string) {
  return z
    .unknown()
    .superRefine((_value, context) => {
      context.addIssue({ code: 'custom', message: `cannot change; ${mend}`, params: { code: 'immutable' } })
    })
    .exactOptional()
    .meta({ description: 'Cannot change.', readOnly: true })
}

/** A field that is refused with a sentence of its own rather than as unknown. */
export function refused(message: string) {
  return z
    .unknown()
    .superRefine((_value, context) => {
      context.addIssue({ code: 'custom', message })
    })
    .exactOptional()
    .meta({ not: {} })
}

function hasControls(value: string, allowed?: RegExp): boolean {
  return controls.test(allowed === undefined ? value : value.replace(allowed, ''))
}
