import { parseJws } from '@postern/core'
import { bindingMembers } from '../binding/metadata.ts'
import { ConfigError } from './config-error.ts'
import { isRecord } from './fields.ts'
import type { IssuerRules } from './settings.ts'

const ownMembers = [
  'resource',
  'authorization_servers',
  'scopes_supported',
  'bearer_methods_supported',
  'resource_name',
  ...bindingMembers,
]

/** Reads `metadata`: further members of the protected resource metadata. */
export function readMetadata(value: unknown, resource: string): Readonly<Record<string, unknown>> {
  if (value === undefined) return {}
  if (!isRecord(value)) throw new ConfigError('metadata', 'must be an object of further metadata members')
  for (const name of ownMembers) {
    if (Object.hasOwn(value, name))
      throw new ConfigError(`metadata.${name}`, 'comes from the other options; remove it here')
  }
  if (value['signed_metadata'] !== undefined) checkSigned(value['signed_metadata'], resource)
  return structuredClone(value)
}

/** `signed_metadata` (RFC 9728 §2.2) is a JWT about just this resource, and says who vouches for it. */
function checkSigned(value: unknown, resource: string): void {
  const path = 'metadata.signed_metadata'
  const jws = typeof value === 'string' ? parseJws(value) : undefined
  if (jws === undefined || jws.malformed !== undefined) {
    throw new ConfigError(path, 'must be a signed JWT; signMetadata makes one')
  }
  if (!/^(?:[ERP]S\d{3}|EdDSA|Ed25519)$/.test(String(jws.header['alg']))) {
    throw new ConfigError(`${path}`, 'must be signed with an asymmetric algorithm, so that others can verify it')
  }
  if (typeof jws.payload['iss'] !== 'string' || jws.payload['resource'] !== resource) {
    throw new ConfigError(path, 'must have an iss, and this resource as its claim resource; make it anew')
  }
}

/** Reads `legacyServerMetadata`: the document of one of the issuers, and of nobody else. */
export function readLegacyServerMetadata(
  value: unknown,
  issuers: readonly IssuerRules[],
): Readonly<Record<string, unknown>> | undefined {
  if (value === undefined) return undefined
  if (!isRecord(value)) throw new ConfigError('legacyServerMetadata', 'must be the metadata document of an issuer')
  if (!issuers.some(({ issuer }) => issuer === value['issuer'])) {
    throw new ConfigError('legacyServerMetadata.issuer', 'must be one of issuers, to the letter')
  }
  return structuredClone(value)
}
