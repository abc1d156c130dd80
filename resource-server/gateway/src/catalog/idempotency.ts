import type { Sealer } from '@postern/server'
import { canonicalJson } from './canonical.ts'
import type { Draft } from './draft.ts'
import { conflict } from './refusals.ts'
import { openRequest, sealRequest } from './rows.ts'
import type { StoredService } from './stored.ts'

/** A client token and the request that came with it. */
export interface Idempotency {
  readonly token: string
  readonly request: unknown
}

/**
 * The service that the same request with the same client token made before, if any.
 *
 * @throws CatalogError `conflict` when the token came with another request
 */
export function findRepeated(draft: Draft, { token, request }: Idempotency, sealer: Sealer): StoredService | undefined {
  const known = draft.all().find((service) => service.idempotency?.token === token)
  if (!known?.idempotency) return undefined
  if (openRequest(sealer, known.id, known.idempotency.request) === canonicalJson(request)) return known
  const message = `it came before, with another request, for service ${known.id}; use a new token for a new service`
  throw conflict('duplicate', 'clientToken', message)
}

/** What is stored to recognise the request by: sealed, for it may hold secrets. */
export function sealIdempotency(serviceId: string, { token, request }: Idempotency, sealer: Sealer) {
  return { token, request: sealRequest(sealer, serviceId, canonicalJson(request)) }
}
