import type { Brand } from './look/frame.ts'

export interface HeaderFacts {
  readonly brand: Brand | undefined
  /** false: the page has no form. Forms lead to this origin alone, and no redirect after them leaves it. */
  readonly hasForm: boolean
  /** The browser is on its way back to a client, which may wait for it in the window that opened this one. */
  readonly returnsToClient?: boolean
}

/** The security headers of a page. Nothing is inline, nothing but the style sheet and the pool's logo is loaded. */
export function pageHeaders({ brand, hasForm, returnsToClient = false }: HeaderFacts): Record<string, string> {
  const policy = [
    "default-src 'none'",
    "style-src 'self'",
    ...(brand?.logoUri === undefined ? [] : [`img-src ${imageSource(brand.logoUri)}`]),
    `form-action ${hasForm ? "'self'" : "'none'"}`,
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
    // It would cut a popup off from the client that opened it.
    ...(returnsToClient ? {} : { 'cross-origin-opener-policy': 'same-origin' }),
  }
}

/** One image and no other; `;` and `,` mean something else in a policy. */
function imageSource(uri: string): string {
  const { origin, pathname } = new URL(uri)
  return origin + pathname.replaceAll(';', '%3B').replaceAll(',', '%2C')
}
