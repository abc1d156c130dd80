import type { Brand } from './look/frame.ts'

export interface HeaderFacts {
  readonly brand: Brand | undefined
  /** Where the forms of the page may lead besides this origin: the redirect URI that waits for the answer. */
  readonly redirectUri?: string | undefined
  /** false: the page has no form. */
  readonly hasForm: boolean
}

/** The security headers of a page. Nothing is inline, nothing but the style sheet and the pool's logo is loaded. */
export function pageHeaders({ brand, redirectUri, hasForm }: HeaderFacts): Record<string, string> {
  const targets = ["'self'", ...(redirectUri === undefined ? [] : [formTarget(redirectUri)])]
  const policy = [
    "default-src 'none'",
    "style-src 'self'",
    ...(brand?.logoUri === undefined ? [] : [`img-src ${imageSource(brand.logoUri)}`]),
    `form-action ${hasForm ? targets.join(' ') : "'none'"}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ]
  return {
    'content-security-policy': policy.join('; '),
    'x-frame-options': 'DENY',
    // With `no-referrer` browsers send `Origin: null` with our own forms, and they could not be told from foreign ones.
    'referrer-policy': 'same-origin',
    'x-content-type-options': 'nosniff',
    'cross-origin-resource-policy': 'same-origin',
    // A client that opened the pages in a popup waits there for its own page to come back; this would cut it off.
    ...(redirectUri === undefined ? { 'cross-origin-opener-policy': 'same-origin' } : {}),
  }
}

/**
 * The source that lets a form lead to a redirect URI: Chromium looks at redirects after a post, too. A private-use
 * scheme has no origin, and the grammar of sources has no IPv6 addresses: there it is the scheme.
 */
export function formTarget(redirectUri: string): string {
  const { protocol, origin, hostname } = new URL(redirectUri)
  return origin === 'null' || hostname.startsWith('[') ? protocol : origin
}

/** One image and no other; `;` and `,` mean something else in a policy. */
function imageSource(uri: string): string {
  const { origin, pathname } = new URL(uri)
  return origin + pathname.replaceAll(';', '%3B').replaceAll(',', '%2C')
}
