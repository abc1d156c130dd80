import { z } from 'zod'
import { limits } from '../limits.ts'
import { lostNames } from './lost-names.ts'
import { formatPath, parsePath } from './paths.ts'
import { didYouMean } from './suggest.ts'
import { isRequired, textOf } from './texts.ts'

/** What is wrong with one field. The message names the mend and never repeats a value that could be a secret. */
export interface FieldError {
  /** `redirectUris[0]`, `backend.env["X Y"]`; '' is the whole. */
  field: string
  code: FieldErrorCode
  message: string
}

export type FieldErrorCode =
  | 'required'
  | 'unknown_field'
  | 'invalid'
  | 'too_long'
  | 'too_short'
  | 'out_of_range'
  /** Something that exists has it: a conflict. */
  | 'duplicate'
  /** It is there twice in what was sent. */
  | 'repeated'
  | 'not_found'
  | 'immutable'
  | 'in_use'
  | 'limit'

export type Validation<T> = { ok: true; value: T } | { ok: false; errors: FieldError[] }

type Issue = z.core.$ZodIssue
type RawIssue = z.core.$ZodRawIssue

/** Checks a value of unknown origin. All mistakes are reported at once. */
export function validate<S extends z.ZodType>(schema: S, value: unknown): Validation<z.output<S>> {
  const result = schema.safeParse(value, { error: textOf })
  const errors = (result.error?.issues ?? []).flatMap((issue) => fieldErrors(issue, []))
  const told = new Set(errors.map(({ field }) => field))
  const lost = lostNames(value).map(lostName)
  const all = [...errors, ...lost.filter(({ field }) => !told.has(field))]
  return result.success && all.length === 0 ? { ok: true, value: result.data } : { ok: false, errors: all }
}

/** Adds a rule over several fields. It runs when each field by itself is right. */
export function withRules<S extends z.ZodType>(schema: S, rules: (value: z.output<S>) => FieldError[]) {
  return schema.superRefine((value, context) => {
    if (context.issues.some((issue) => issue.code !== 'unrecognized_keys')) return
    for (const { field, code, message } of rules(value)) {
      context.addIssue({ code: 'custom', path: parsePath(field), message, params: { code } })
    }
  })
}

/** An object that takes no other field than these, and says which one a mistyped field probably meant. */
export function strict<S extends z.core.$ZodLooseShape>(shape: S) {
  const known = Object.keys(shape)
  return z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? unknownFields(issue, known) : undefined),
  })
}

/** The texts of a schema's first unknown fields, in the order of the issue's keys, a line each. */
function unknownFields(issue: RawIssue, known: readonly string[]): string {
  const keys = issue.code === 'unrecognized_keys' ? issue.keys : []
  const others = known.length === 0 ? 'remove it' : `the fields are ${known.join(', ')}`
  return keys
    .slice(0, limits.fieldErrors)
    .map((key) => `there is no such field${didYouMean(key, known) || `; ${others}`}`)
    .join('\n')
}

/** @param above where the value stands in which the issue was found */
function fieldErrors(issue: Issue, above: readonly PropertyKey[]): FieldError[] {
  const path = [...above, ...issue.path]
  const meant = issue.code === 'invalid_union' ? formMeant(issue) : undefined
  if (meant !== undefined) return meant.flatMap((inner) => fieldErrors(inner, path))
  if (issue.code === 'unrecognized_keys') {
    const texts = issue.message.split('\n')
    return issue.keys.map((key, index) => ({
      field: fieldOf([...path, key]),
      code: 'unknown_field',
      message: texts[index] ?? 'there is no such field; remove it',
    }))
  }
  const message = issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message
  return [{ field: fieldOf(path), code: codeOf(issue), message }]
}

function lostName(path: readonly PropertyKey[]): FieldError {
  return { field: fieldOf(path), code: 'invalid', message: 'nothing can have this name; choose another, or remove it' }
}

/** Names of fields may be the caller's own, and of any length. */
function fieldOf(path: readonly PropertyKey[]): string {
  return formatPath(path.map((step) => (typeof step === 'string' ? step.slice(0, limits.fieldName) : step)))
}

/** What is wrong with the one form of a union that the value has the type of. */
function formMeant({ errors }: z.core.$ZodIssueInvalidUnion): Issue[] | undefined {
  const fitting = errors.filter((issues) => !issues.some(isOfOtherType))
  return fitting.length === 1 ? fitting[0] : undefined
}

function isOfOtherType(issue: Issue): boolean {
  if (issue.path.length > 0) return false
  return issue.code === 'invalid_type' || (issue.code === 'invalid_union' && formMeant(issue) === undefined)
}

function codeOf(issue: Issue): FieldErrorCode {
  if (issue.code === 'custom') return isCode(issue.params?.['code']) ? issue.params['code'] : 'invalid'
  if (issue.message === isRequired) return 'required'
  if (issue.code === 'too_big') return issue.origin === 'number' ? 'out_of_range' : 'too_long'
  if (issue.code === 'too_small') return issue.origin === 'number' ? 'out_of_range' : 'too_short'
  return 'invalid'
}

const codes: ReadonlySet<unknown> = new Set<FieldErrorCode>([
  'required',
  'unknown_field',
  'invalid',
  'too_long',
  'too_short',
  'out_of_range',
  'duplicate',
  'repeated',
  'not_found',
  'immutable',
  'in_use',
  'limit',
])

function isCode(value: unknown): value is FieldErrorCode {
  return codes.has(value)
}
