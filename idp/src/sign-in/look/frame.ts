import type { Wording } from '../language/wording.ts'

/** What surrounds every page. */
export interface Frame {
  readonly wording: Wording
  /** Name and logo of the pool; undefined where the request belongs to none. */
  readonly brand: Brand | undefined
}

export interface Brand {
  readonly name: string
  readonly logoUri?: string | undefined
  /** Where the pages are: host of the issuer. */
  readonly host: string
  /** Path of the issuer, before the paths of all pages and of the style sheet. */
  readonly root: string
}

/** Stands for a root where the request belongs to no pool: never the id of one. */
export const noRoot = '/pools/-'
