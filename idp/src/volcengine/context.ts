import type { Sealer } from '@postern/server'
import type { Directory } from '../directory/types.ts'

export interface VolcengineContext {
  readonly directory: Directory
  /** Keeps client secrets, so that Get can show them again. undefined: they are shown once. */
  readonly sealer: Sealer | undefined
  /** Public origin of the identity provider. */
  readonly idpUrl: () => string
}

export function time(epochMs: number): string {
  return new Date(epochMs).toISOString().replace(/\.\d{3}Z$/, 'Z')
}
