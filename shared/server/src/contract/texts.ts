import type { z } from 'zod'
import { didYouMean } from './suggest.ts'

type RawIssue = z.core.$ZodRawIssue

/** The text of a field that is not there. */
export const isRequired = 'is required'

/** What a person reads of an issue; undefined leaves it to the schema. It never repeats a value. */
export function textOf(issue: RawIssue): string | undefined {
  if (issue.input === undefined) return isRequired
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${withArticle(issue.expected)}, not ${kindOf(issue.input)}`
    case 'too_big':
      return tooBig(issue)
    case 'too_small':
      return tooSmall(issue)
    case 'invalid_value':
      return notOneOf(issue.values, issue.input)
    case 'invalid_union':
      return issue.discriminator === undefined ? 'has none of the forms that are possible here' : wrongType(issue)
    default:
      return undefined
  }
}

function wrongType(issue: z.core.$ZodRawIssue<z.core.$ZodIssueInvalidUnion>): string {
  const given: unknown = Reflect.get(Object(issue.input), String(issue.discriminator))
  return given === undefined
    ? isRequired
    : notOneOf('options' in issue && Array.isArray(issue.options) ? issue.options : [], given)
}

function notOneOf(values: readonly unknown[], input: unknown): string {
  const names = values.map(String)
  if (names.length === 1) return `must be ${JSON.stringify(values[0])}`
  return `must be one of ${names.join(', ')}${typeof input === 'string' ? didYouMean(input, names) : ''}`
}

function tooBig(issue: z.core.$ZodRawIssue<z.core.$ZodIssueTooBig>): string {
  if (issue.origin === 'string') return `has more than ${issue.maximum} characters; shorten it`
  if (issue.origin === 'array') return `has more than ${issue.maximum} items; remove some`
  return `must be at most ${issue.maximum}`
}

function tooSmall(issue: z.core.$ZodRawIssue<z.core.$ZodIssueTooSmall>): string {
  if (issue.origin === 'string' && issue.minimum === 1) return 'must not be empty'
  if (issue.origin === 'string') return `must have at least ${issue.minimum} characters`
  if (issue.origin === 'array') return `needs at least ${issue.minimum} ${issue.minimum === 1 ? 'item' : 'items'}`
  return `must be at least ${issue.minimum}`
}

function withArticle(kind: string): string {
  if (kind === 'int') return 'a whole number'
  if (kind === 'record') return 'an object'
  return /^[aeiou]/.test(kind) ? `an ${kind}` : `a ${kind}`
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'number' && !Number.isInteger(value)) return 'a fraction'
  return withArticle(typeof value)
}
