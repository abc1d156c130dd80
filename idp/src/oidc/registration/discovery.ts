import type { Mode } from '@postern/server'
import { registersDynamically } from '../../directory/development-only.ts'
import { poolPaths } from '../../directory/urls.ts'
import type { OpenPool } from '../open-pools.ts'

/** What the discovery document says of the ways to become a client (RFC 8414 §2; MCP authorization): those that are on. */
export function registrationMembers({ pool, issuer }: OpenPool, mode: Mode): Record<string, unknown> {
  return {
    ...(registersDynamically(pool, mode) ? { registration_endpoint: issuer + poolPaths.registration } : {}),
    ...(pool.clientIdMetadataDocumentsEnabled ? { client_id_metadata_document_supported: true } : {}),
  }
}
