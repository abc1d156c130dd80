import { isLoopbackHost } from '@postern/core'
import type { Settings } from './settings.ts'

/** Whether a URL is of this machine. */
export function isLoopbackUrl(url: string): boolean {
  return isLoopbackHost(new URL(url).hostname)
}

/** Settings that cannot stand together, a sentence each. */
export function contradictions(settings: Settings): string[] {
  const { mode, role, idpUrl, gatewayUrl, publicUrl, adminListen, port, tls } = settings
  const mistakes: string[] = []
  if (mode === 'development') {
    for (const [variable, url] of [
      ['POSTERN_IDP_URL', idpUrl] as const,
      ['POSTERN_GATEWAY_URL', gatewayUrl] as const,
    ]) {
      if (isLoopbackUrl(url)) continue
      mistakes.push(
        `POSTERN_MODE=development is for loopback only; set ${variable} to http://localhost:…, or POSTERN_MODE=production`,
      )
    }
  }
  if (tls !== undefined && !publicUrl.startsWith('https:')) {
    const variable = role === 'idp' ? 'POSTERN_IDP_URL' : 'POSTERN_GATEWAY_URL'
    mistakes.push(
      `${variable} must begin with https://, for the server listens with TLS; correct it, or take away POSTERN_TLS_CERT ` +
        'and POSTERN_TLS_KEY, or --https',
    )
  }
  if (adminListen !== undefined && adminListen.port === port && port !== 0) {
    mistakes.push(`POSTERN_ADMIN_LISTEN has the port of the public side (${port}); choose another`)
  }
  return mistakes
}
