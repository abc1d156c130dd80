import { type Metadata, metadataFault } from './metadata-members.ts'

/** Members that are looked at; the rest of a document is not kept. */
const members = [
  'client_id',
  'client_name',
  'client_uri',
  'logo_uri',
  'redirect_uris',
  'post_logout_redirect_uris',
  'grant_types',
  'response_types',
  'scope',
  'token_endpoint_auth_method',
  'jwks',
  'jwks_uri',
] as const

const methods: readonly unknown[] = ['none', 'private_key_jwt']

/**
 * Checks that a JSON value is the metadata document of this client id: it says so itself, has what it must have, and
 * shares no secret with us, which nobody could keep there (draft-ietf-oauth-client-id-metadata-document §4.1; MCP
 * authorization, client registration). What it asks for is read later, for each pool.
 *
 * @throws Refusal `invalid_client_metadata`
 */
export function readDocument(clientId: string, value: unknown): Metadata {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw metadataFault('the document at client_id is not a JSON object')
  }
  const document = new Map(Object.entries(value))
  if (document.get('client_id') !== clientId) {
    throw metadataFault('client_id in the document is not the URL that the document was fetched from')
  }
  if (document.has('client_secret') || document.has('client_secret_expires_at')) {
    throw metadataFault('the document holds client_secret, which everybody can read there; remove it')
  }
  const method = document.get('token_endpoint_auth_method') ?? 'none'
  if (!methods.includes(method)) {
    throw metadataFault('token_endpoint_auth_method in the document needs a shared secret; use none or private_key_jwt')
  }
  refuseMissing(document)
  const kept = members.flatMap((member) => (document.has(member) ? [[member, document.get(member)] as const] : []))
  return Object.fromEntries([...kept, ['token_endpoint_auth_method', method]])
}

function refuseMissing(document: ReadonlyMap<string, unknown>): void {
  const name = document.get('client_name')
  if (typeof name !== 'string' || name.trim() === '') {
    throw metadataFault('client_name is missing in the document; it is shown to people who are asked to consent')
  }
  const redirects = document.get('redirect_uris')
  if (!Array.isArray(redirects) || redirects.length === 0) {
    throw metadataFault('redirect_uris is missing in the document; list where authorization responses may go to')
  }
}
