import { limits } from '../limits.ts'
import type { Settings } from './settings.ts'

/** The admin token of the compose file, which everybody knows. */
export const developmentAdminToken = 'local-development-only'

/** What production does not start with, a sentence each. */
export function refuseInProduction(settings: Settings): string[] {
  return [
    ...insecureUrl('POSTERN_IDP_URL', settings.idpUrl),
    ...insecureUrl('POSTERN_GATEWAY_URL', settings.gatewayUrl),
    ...missingKey(settings),
    ...weakToken(settings),
  ]
}

function insecureUrl(variable: string, url: string): string[] {
  if (url.startsWith('https://')) return []
  return [`POSTERN_MODE=production needs https public URLs; set ${variable} to https://…`]
}

function missingKey({ encryptionKey }: Settings): string[] {
  if (encryptionKey !== undefined) return []
  return [
    'POSTERN_MODE=production needs POSTERN_ENCRYPTION_KEY, 32 bytes in base64url; ' +
      'make one with: openssl rand -base64 32 | tr +/ -_ | tr -d =',
  ]
}

function weakToken({ adminToken }: Settings): string[] {
  if (adminToken === undefined) return []
  if (adminToken === developmentAdminToken) {
    return [
      `POSTERN_ADMIN_TOKEN is the one of the compose file, which everybody knows; set one of your own, or leave it out`,
    ]
  }
  if (adminToken.length >= limits.adminTokenProduction) return []
  return [
    `POSTERN_ADMIN_TOKEN needs at least ${limits.adminTokenProduction} characters in production; or leave it out to have one made`,
  ]
}
