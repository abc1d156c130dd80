import type { BindingSettings } from './prove.ts'

/** What the resource's metadata says of bound tokens (RFC 9728 §2). */
export function bindingMetadata({
  dpop,
  findCertificate,
}: Omit<BindingSettings, 'resource' | 'clock'>): Record<string, unknown> {
  return {
    ...(dpop === undefined ? {} : { dpop_signing_alg_values_supported: [...dpop.algorithms] }),
    ...(dpop?.required === true ? { dpop_bound_access_tokens_required: true } : {}),
    ...(findCertificate === undefined ? {} : { tls_client_certificate_bound_access_tokens: true }),
  }
}

/** Members of the metadata that come from the options `dpop` and `mtls`. */
export const bindingMembers = [
  'dpop_signing_alg_values_supported',
  'dpop_bound_access_tokens_required',
  'tls_client_certificate_bound_access_tokens',
]
