import { isLoopbackHost } from '@postern/core'
import { limits } from '../../limits.ts'

/** Does a client id look like the URL of a metadata document, so that its owner meant it as one? */
export function looksLikeDocumentUrl(clientId: string): boolean {
  return /^https?:\/\//i.test(clientId)
}

/**
 * What is wrong with a client id as the URL of a metadata document (draft-ietf-oauth-client-id-metadata-document §3);
 * undefined: nothing. A query is refused: a page that repeats its query could be made to vouch for a stranger under the
 * name of its host.
 *
 * @param allowLoopback documents may lie on this machine, over http as well: for development
 */
export function documentUrlProblem(clientId: string, allowLoopback: boolean): string | undefined {
  if (clientId.length > limits.clientDocumentUrl) return `use at most ${limits.clientDocumentUrl} characters`
  const url = /^[!-~]+$/.test(clientId) ? URL.parse(clientId) : null
  if (url === null) return 'it is no URL'
  if (url.username !== '' || url.password !== '') return 'remove the user name and password'
  if (clientId.includes('#')) return 'remove the "#" and everything after it'
  if (clientId.includes('?')) return 'remove the "?" and everything after it'
  if (url.pathname === '/') return 'name the document with a path, such as https://app.example/client.json'
  // Dot segments, capital letters in the host, a default port, a backslash: what two readers may read differently.
  if (url.href !== clientId) return 'write the URL in its normal form, without "." and ".." segments'
  return schemeProblem(url, allowLoopback)
}

function schemeProblem(url: URL, allowLoopback: boolean): string | undefined {
  const isLocal = isLoopbackHost(url.hostname)
  if (isLocal && allowLoopback) return undefined
  if (isLocal) {
    return 'documents on this machine are not fetched; in development set POSTERN_ALLOW_LOOPBACK_CLIENT_DOCUMENTS=true'
  }
  return url.protocol === 'https:' ? undefined : 'use https://'
}
