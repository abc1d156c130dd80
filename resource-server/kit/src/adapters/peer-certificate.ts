import type { IncomingMessage } from 'node:http'

/**
 * The client's certificate of the TLS connection that a request came over, in DER. The handshake has proven that the
 * client has its key, whoever signed it; who asks for no certificates (`requestCert`) gets none.
 */
export function peerCertificate({ socket }: IncomingMessage): Uint8Array | undefined {
  if (!('getPeerCertificate' in socket) || typeof socket.getPeerCertificate !== 'function') return undefined
  const certificate: unknown = socket.getPeerCertificate()
  const raw: unknown = Object.getOwnPropertyDescriptor(Object(certificate), 'raw')?.value
  return raw instanceof Uint8Array ? raw : undefined
}
