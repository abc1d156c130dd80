import { isLoopbackHost } from '@postern/core'
import { limits } from '../../limits.ts'

/** `web`: https. `loopback`: http on this machine. `private`: a scheme that an application has claimed (RFC 8252 §7). */
export type RedirectKind = 'web' | 'loopback' | 'private'

export type CheckedRedirect =
  | { readonly ok: true; readonly kind: RedirectKind }
  | { readonly ok: false; readonly message: string }

const uriCharacters = /^[A-Za-z0-9\-._~:/?#[\]@!$&'()+,;=%]+$/
const schemeOf = /^([a-z][a-z0-9+.-]*):(.+)$/is
const authorityOf = /^[^:]+:\/\/([^/?]*)/

/**
 * Schemes that run or show what the URI itself holds, reach into the machine, or make the browser start a program of
 * the system: no application takes an answer there.
 */
const refusedSchemes: ReadonlySet<string> = new Set([
  ...['javascript', 'vbscript', 'livescript', 'mocha', 'data', 'blob', 'file', 'filesystem', 'about', 'view-source'],
  ...['chrome', 'edge', 'resource', 'res', 'jar', 'mhtml', 'mk', 'its', 'wyciwyg', 'content', 'intent', 'android-app'],
  ...['ws', 'wss', 'ftp', 'ftps', 'sftp', 'ssh', 'telnet', 'gopher', 'ldap', 'ldaps', 'smb', 'nfs', 'vnc', 'rdp'],
  ...[
    'mailto',
    'tel',
    'sms',
    'news',
    'nntp',
    'irc',
    'urn',
    'cid',
    'mid',
    'shell',
    'search',
    'search-ms',
    'help',
    'hcp',
  ],
])

/**
 * Checks a redirect URI that a client brings along, by registration or in its document (RFC 7591 §2, RFC 8252 §7 and
 * §8.4, RFC 9700 §2.1). The message names the mend and repeats nothing of the URI.
 */
export function checkRedirectUri(uri: string): CheckedRedirect {
  if (uri.length > limits.redirectUri) return refuse(`use at most ${limits.redirectUri} characters`)
  if (uri.includes('*')) return refuse('write out each URI; wildcards are not supported')
  if (uri.includes('#')) return refuse('remove the "#" and everything after it')
  const [, scheme, rest] = schemeOf.exec(uri) ?? []
  if (scheme === undefined || rest === undefined || !uriCharacters.test(uri) || !URL.canParse(uri)) {
    return refuse('write an absolute URI such as https://app.example/callback, in ASCII, without spaces')
  }
  const [, authority = ''] = authorityOf.exec(uri) ?? []
  if (authority.includes('@')) return refuse('remove the user name and password before the "@"')
  return /^https?$/i.test(scheme) ? checkHttp(uri, authority) : checkPrivate(scheme.toLowerCase())
}

function checkHttp(uri: string, authority: string): CheckedRedirect {
  const { protocol, hostname, host } = new URL(uri)
  const usual = [host, `${host}:${protocol === 'https:' ? 443 : 80}`]
  // What the URL parser reads as another host than a person does: 127.1, 0x7f000001, %6cocalhost.
  if (!usual.includes(authority.toLowerCase())) {
    return refuse('write the host and the port in their usual form, such as 127.0.0.1:8080 or [::1]')
  }
  if (protocol === 'https:') return { ok: true, kind: 'web' }
  if (isLoopbackHost(hostname)) return { ok: true, kind: 'loopback' }
  return refuse('use https://; http:// is for localhost, *.localhost, 127.0.0.0/8 and [::1] only')
}

function checkPrivate(scheme: string): CheckedRedirect {
  if (refusedSchemes.has(scheme) || scheme.startsWith('ms-') || scheme.endsWith('-extension')) {
    return refuse('use https://, http:// on loopback, or a scheme of your own such as com.example.app:/callback')
  }
  return { ok: true, kind: 'private' }
}

function refuse(message: string): CheckedRedirect {
  return { ok: false, message }
}

/** A client of loopback or private-use redirects is an application on a person's device (RFC 8252 §2). */
export function applicationTypeOf(redirectUris: readonly string[]): 'native' | 'web' {
  return redirectUris.every((uri) => /^https:/i.test(uri)) ? 'web' : 'native'
}
