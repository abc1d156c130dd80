import { version } from '../version.ts'
import type { Era } from './types.ts'

/** Protocol revisions with `initialize`, newest first. */
export const legacyVersions = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05', '2024-10-07'] as const
export const latestLegacyVersion = legacyVersions[0]

/** Protocol revisions with a per-request envelope, newest first. */
export const modernVersions = ['2026-07-28'] as const
export const latestModernVersion = modernVersions[0]

export function isLegacyVersion(version: unknown): version is (typeof legacyVersions)[number] {
  return legacyVersions.some((known) => known === version)
}

export function isModernVersion(version: unknown): version is (typeof modernVersions)[number] {
  return modernVersions.some((known) => known === version)
}

/** The `_meta` keys of the 2026-07-28 envelope. */
export const envelopeKeys = {
  protocolVersion: 'io.modelcontextprotocol/protocolVersion',
  clientInfo: 'io.modelcontextprotocol/clientInfo',
  clientCapabilities: 'io.modelcontextprotocol/clientCapabilities',
  logLevel: 'io.modelcontextprotocol/logLevel',
  serverInfo: 'io.modelcontextprotocol/serverInfo',
  subscriptionId: 'io.modelcontextprotocol/subscriptionId',
} as const

/** How the gateway introduces itself to backends. */
export const gatewayInfo = { name: 'postern-gateway', version }

/** The other era. */
export function otherEra(era: Era): Era {
  return era === 'legacy' ? 'modern' : 'legacy'
}
