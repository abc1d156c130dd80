import type { Reason } from '@postern/core'
import type { Algorithm } from '../options/algorithms.ts'
import type { KeySet, VerificationKey } from './key-set.ts'

export type Selected =
  | { readonly key: VerificationKey; readonly problem?: undefined }
  | { readonly key?: undefined; readonly problem: Reason }

/**
 * Picks the key of a token: by its id, or without one the only key that fits its algorithm. Several that fit are not
 * tried in turn: whoever leaves the id away would make each token cost several verifications.
 */
export function selectKey(set: KeySet, algorithm: Algorithm, kid: string | undefined): Selected {
  const fitting = set.keys.filter((key) => key.algorithms.includes(algorithm) && (kid === undefined || key.kid === kid))
  const [key, another] = fitting
  if (another !== undefined) return { problem: 'ambiguous_key' }
  if (key !== undefined) return { key }
  return { problem: kid !== undefined && set.weak.has(kid) ? 'weak_key' : 'unknown_key' }
}
