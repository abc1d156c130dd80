import type { Clock } from '@postern/core'
import { createResourceServer } from '@postern/resource-server'
import type { CheckIssuer } from '../catalog/issuers.ts'

/** Asks the kit whether an issuer's keys can be had, just as a request with a token of it would. */
export function createIssuerCheck(options: { readonly clock: Clock; readonly fetch: typeof fetch }): CheckIssuer {
  return async ({ issuer, discoveryUrl }, signal) => {
    // Nothing is ever served under it.
    const resource = 'http://localhost/'
    const rs = createResourceServer({ resource, issuers: [{ issuer, discoveryUrl }], ...options })
    signal.addEventListener('abort', rs.close, { once: true })
    try {
      const [health] = await rs.check()
      return health?.problem
    } finally {
      signal.removeEventListener('abort', rs.close)
      rs.close()
    }
  }
}
