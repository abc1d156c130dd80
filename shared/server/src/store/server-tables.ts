/** The tables that every store has besides those of its server. Times are epoch milliseconds. */
export interface ServerTables {
  postern_meta: { name: string; value: string }
  postern_migration: { part: string; name: string; applied_at: number }
  postern_lease: { name: string; holder: string; expires_at: number }
  event: EventTable
  /** Signatures of the originals' wire API that were sent, as hashes. */
  used_signature: { hash: string; expires_at: number }
}

export interface EventTable {
  id: string
  time: number
  kind: string
  outcome: string
  reason: string
  request_id: string | null
  pool_id: string | null
  client_id: string | null
  subject_hash: string | null
  resource: string | null
  service_id: string | null
  token_hash: string | null
  tool: string | null
  api_key_name: string | null
  arguments: string | null
  status: number | null
  duration_ms: number | null
}
