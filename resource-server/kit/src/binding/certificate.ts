import { constantTimeEqual, encodeBase64url, type MaybePromise, whenReady } from '@postern/core'
import { isThumbprint } from '../checks/binding.ts'
import { Refusal } from '../refusal.ts'
import type { InboundRequest } from '../request.ts'
import { callHost, failWith } from '../tokens/call.ts'

/**
 * Gives the certificate that the client proved to have in its TLS handshake: in DER, or its SHA-256 in base64url, or
 * undefined where there was none.
 */
export type FindCertificate = (request: InboundRequest) => MaybePromise<Uint8Array | string | undefined>

/** That of the TLS connection which the request came over; no header is looked at. */
export const fromConnection: FindCertificate = (request) => request.clientCertificate?.()

/** Checks that the client has the certificate with this SHA-256 (RFC 8705 §3). Throws or rejects with `Refusal`. */
export function checkCertificate(boundTo: string, request: InboundRequest, find: FindCertificate): MaybePromise<void> {
  return whenReady(
    callHost(() => find(request), { failure: failWith('internal') }),
    (certificate) => {
      if (certificate === undefined) throw new Refusal('binding_not_supported')
      return whenReady(thumbprintOf(certificate), (thumbprint) => {
        if (!constantTimeEqual(thumbprint, boundTo)) throw new Refusal('binding_mismatch')
      })
    },
  )
}

function thumbprintOf(certificate: Uint8Array | string): MaybePromise<string> {
  if (isThumbprint(certificate)) return certificate
  // Text that is no thumbprint, such as PEM, is the host's mistake and must not look like the caller's.
  if (!(certificate instanceof Uint8Array)) throw new Refusal('internal')
  return crypto.subtle
    .digest('SHA-256', new Uint8Array(certificate))
    .then((digest) => encodeBase64url(new Uint8Array(digest)))
}
