import { decodeBase64url, encodeBase64url } from '@postern/core'
import { limits } from '../limits.ts'
import { problem } from './problem.ts'

/** A page of a list, as the contract answers it. */
export function page<T>(
  items: readonly T[],
  nextCursor: string | null,
): { items: readonly T[]; nextCursor: string | null } {
  return { items, nextCursor }
}

/** The key of the last row of a page, for callers to hand back. */
export function encodeCursor(key: readonly (string | number)[]): string {
  return encodeBase64url(new TextEncoder().encode(JSON.stringify(key)))
}

/**
 * The key that {@link encodeCursor} was given. `shape` says what it must look like.
 *
 * @throws HttpProblem 400 `invalid_cursor`
 */
export function decodeCursor<const S extends readonly ('string' | 'number')[]>(cursor: string, shape: S): CursorKey<S> {
  const key = parse(cursor)
  if (!isKey(key, shape)) problem(400, 'invalid_cursor', 'cursor: is none of ours; use nextCursor of the page before')
  return key
}

type CursorKey<S extends readonly ('string' | 'number')[]> = {
  -readonly [I in keyof S]: S[I] extends 'string' ? string : number
}

function parse(cursor: string): unknown {
  const bytes = cursor.length > limits.cursor ? undefined : decodeBase64url(cursor)
  if (bytes === undefined) return undefined
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    return undefined
  }
}

function isKey<S extends readonly ('string' | 'number')[]>(key: unknown, shape: S): key is CursorKey<S> {
  if (!Array.isArray(key) || key.length !== shape.length) return false
  return shape.every((kind, index) => {
    const value: unknown = key[index]
    return typeof value === kind && (kind === 'string' || Number.isSafeInteger(value))
  })
}
