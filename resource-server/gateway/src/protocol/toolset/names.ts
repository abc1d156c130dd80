import { createHash } from 'node:crypto'
import { toolsetLimits } from '../../limits.ts'

const { nameLength } = toolsetLimits
const separator = '__'
const digestLength = 24

/** What a merged name says: whose it is, and its name there; or, of one that was too long, the digest of that name. */
export type NamePlace =
  | { readonly serviceId: string; readonly name: string }
  | { readonly serviceId: string; readonly shortened: string }

/**
 * The name of a service's tool or prompt in a toolset: `<serviceId>__<name>`. No id has a "_" in it, so the first two
 * are the seam, and no two names become one. What is longer than a name may be is cut, and ends with a dot and a digest.
 */
export function mergedName(serviceId: string, name: string): string {
  const full = serviceId + separator + name
  // A name that looks like one that was cut is cut too: the one that it looks like may be there as well.
  if (full.length <= nameLength && !looksCut(full)) return full
  return `${full.slice(0, nameLength - digestLength - 1).toWellFormed()}.${digestOf(name)}`
}

/** The inverse of {@link mergedName}; undefined for what is none. */
export function splitName(merged: string): NamePlace | undefined {
  const seam = merged.indexOf(separator)
  if (seam <= 0 || merged.length > nameLength) return undefined
  const serviceId = merged.slice(0, seam)
  return looksCut(merged)
    ? { serviceId, shortened: merged }
    : { serviceId, name: merged.slice(seam + separator.length) }
}

function looksCut(merged: string): boolean {
  return merged.length === nameLength && /\.[0-9a-f]{24}$/.test(merged)
}

function digestOf(name: string): string {
  return createHash('sha256').update(name).digest('hex').slice(0, digestLength)
}
