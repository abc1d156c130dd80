import { didYouMean } from '../options/did-you-mean.ts'
import { algorithms } from './broken/algorithms.ts'
import type { Broken } from './broken/broken.ts'
import { claims } from './broken/claims.ts'
import { structure } from './broken/structure.ts'
import type { TokenSource } from './fake-issuer.ts'

const broken = { ...structure, ...algorithms, ...claims }

/** A way for a token to be wrong: the closed list of what `brokenToken` makes. */
export type BrokenTokenKind = keyof typeof broken

function isKind(name: string): name is BrokenTokenKind {
  return Object.hasOwn(broken, name)
}

export const brokenTokenKinds: readonly BrokenTokenKind[] = Object.keys(broken).filter(isKind)

/** What is wrong with such a token, in a few words, and the row of the case table that it belongs to. */
export function describeBrokenToken(kind: BrokenTokenKind): { readonly row: string; readonly what: string } {
  const { row, what } = broken[kind]
  return { row, what }
}

/**
 * Makes a token that is wrong in just one way. Every one of them must be refused with `401 invalid_token`. Some need a
 * key of another type, which the issuer then publishes besides. Throws a TypeError for a kind that is not on the list.
 */
export function brokenToken(issuer: TokenSource, kind: BrokenTokenKind): string {
  if (!isKind(kind)) {
    const meant = didYouMean(String(kind), brokenTokenKinds)
    const hint = meant === undefined ? 'brokenTokenKinds has them all' : `did you mean ${meant}?`
    throw new TypeError(`kind: there is no broken token '${String(kind)}'; ${hint}`)
  }
  const { make }: Broken = broken[kind]
  return make(issuer)
}
