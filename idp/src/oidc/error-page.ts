import type { ErrorOut, KoaContextWithOIDC } from 'oidc-provider'

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => escapes[character] ?? '')
}

/**
 * Answers an error that has nowhere else to go. Where browsers come, who prefers a page gets one; the answers of all
 * other endpoints are JSON by their RFCs, whatever is accepted.
 */
export function renderError(ctx: KoaContextWithOIDC, { error, error_description: description }: ErrorOut): void {
  ctx.set('cache-control', 'no-store')
  if (ctx.oidc.route !== 'authorization' || ctx.accepts('json', 'html') !== 'html') {
    ctx.body = { error, error_description: description }
    return
  }
  ctx.set('content-security-policy', "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
  ctx.set('x-content-type-options', 'nosniff')
  ctx.type = 'html'
  ctx.body = page(error, description ?? '')
}

function page(error: string, description: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>This request cannot be answered</title>
<h1>This request cannot be answered</h1>
<p>${escapeHtml(description)}</p>
<p><code>${escapeHtml(error)}</code></p>
</html>
`
}
