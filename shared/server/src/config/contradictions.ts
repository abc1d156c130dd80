import { isLoopbackHost } from '@postern/core'
import type { Settings } from './settings.ts'

/** Whether a URL is of this machine. */
export function isLoopbackUrl(url: string): boolean {
  return isLoopbackHost(new URL(url).hostname)
}

/** Settings that cannot stand together, a sentence each. */
export function contradictions(settings: Settings): string[] {
  const { mode, idpUrl, gatewayUrl, adminListen, port } = settings
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
  if (adminListen !== undefined && adminListen.port === port && port !== 0) {
    mistakes.push(`POSTERN_ADMIN_LISTEN has the port of the public side (${port}); choose another`)
  }
  return mistakes
}
