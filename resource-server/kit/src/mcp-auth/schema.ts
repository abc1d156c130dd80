/*
 * As much of a schema library as the metadata documents need: flat objects of texts, lists of texts and flags. It has
 * `parse` and `safeParse` as zod's schemas have them, and nothing else of theirs.
 */

/** What a member of a document may be. */
export interface Field<T, Needed extends boolean = boolean> {
  readonly needed: Needed
  readonly expected: string
  readonly accepts: (value: unknown) => value is T
}

export type Shape = Readonly<Record<string, Field<unknown>>>

type Value<F> = F extends Field<infer T> ? T : never
type Needed<S extends Shape> = { [K in keyof S]: S[K] extends Field<unknown, true> ? K : never }[keyof S]

/** The documents that a shape describes. */
export type Document<S extends Shape> = { [K in Needed<S>]: Value<S[K]> } & {
  [K in Exclude<keyof S, Needed<S>>]?: Value<S[K]> | undefined
}

export interface SchemaIssue {
  readonly code: 'invalid_type'
  /** The member, or nothing where the document as a whole is meant. */
  readonly path: readonly string[]
  readonly message: string
}

/** Thrown by `parse`. It names the members that are wrong and says nothing of their values. */
export class SchemaError extends Error {
  readonly issues: readonly SchemaIssue[]

  constructor(issues: readonly SchemaIssue[]) {
    super(issues.map(({ message }) => message).join('; '))
    this.name = 'SchemaError'
    this.issues = issues
  }
}

export type SafeParsed<T> =
  | { readonly success: true; readonly data: T; readonly error?: undefined }
  | { readonly success: false; readonly error: SchemaError; readonly data?: undefined }

export interface Schema<T> {
  /** A copy with the known members only. Throws `SchemaError`. */
  parse(value: unknown): T
  safeParse(value: unknown): SafeParsed<T>
}

/** Makes the schema of a shape. Members that it does not know are dropped. */
export function createSchema<S extends Shape>(shape: S): Schema<Document<S>> {
  const safeParse = (value: unknown): SafeParsed<Document<S>> => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return { success: false, error: new SchemaError([issue([], 'the document must be an object')]) }
    }
    const issues: SchemaIssue[] = []
    const members: [string, unknown][] = []
    for (const [name, field] of Object.entries(shape)) {
      const member: unknown = Object.getOwnPropertyDescriptor(value, name)?.value
      if (member === undefined && !field.needed) continue
      if (field.accepts(member)) members.push([name, member])
      else issues.push(issue([name], `${name} must be ${field.expected}`))
    }
    if (issues.length > 0) return { success: false, error: new SchemaError(issues) }
    return { success: true, data: Object.fromEntries(members) as Document<S> }
  }
  return {
    safeParse,
    parse(value) {
      const parsed = safeParse(value)
      if (!parsed.success) throw parsed.error
      return parsed.data
    },
  }
}

function issue(path: readonly string[], message: string): SchemaIssue {
  return { code: 'invalid_type', path, message }
}

const isText = (value: unknown): value is string => typeof value === 'string'
const isFlag = (value: unknown): value is boolean => typeof value === 'boolean'
const isTexts = (value: unknown): value is string[] => Array.isArray(value) && value.every(isText)

export const neededText: Field<string, true> = { needed: true, expected: 'a string', accepts: isText }
export const neededTexts: Field<string[], true> = { needed: true, expected: 'a list of strings', accepts: isTexts }
export const text: Field<string, false> = { needed: false, expected: 'a string', accepts: isText }
export const texts: Field<string[], false> = { needed: false, expected: 'a list of strings', accepts: isTexts }
export const flag: Field<boolean, false> = { needed: false, expected: 'true or false', accepts: isFlag }
