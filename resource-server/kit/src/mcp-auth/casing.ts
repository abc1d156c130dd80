import type { Shape } from './schema.ts'

/** `jwks_uri` as `jwksUri`. */
export type CamelCase<Name extends string> = Name extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : Name

/** A shape whose members have their names in camel case. */
export type CamelCased<S extends Shape> = { readonly [K in keyof S & string as CamelCase<K>]: S[K] }

export function toCamelCase(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
}

/** The same fields under names in camel case. */
export function camelCased<S extends Shape>(shape: S): CamelCased<S> {
  const cased: Shape = Object.fromEntries(Object.entries(shape).map(([name, field]) => [toCamelCase(name), field]))
  return cased as CamelCased<S>
}

/** Gives the members that a shape knows by a camel-case name their own names; others stay as they are. */
export function toOwnNames(document: object, shape: Shape): Record<string, unknown> {
  const names = new Map(Object.keys(shape).map((name) => [toCamelCase(name), name]))
  return Object.fromEntries(
    Object.entries(document)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]: [string, unknown]) => [names.get(name) ?? name, value]),
  )
}
