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
    ...loopbackDocuments(settings),
    ...weakAccessKey(settings),
  ]
}

function insecureUrl(variable: string, url: string): string[] {
  if (url.startsWith('https://')) return []
  return [`POSTERN_MODE=production needs https public URLs; set ${variable} to https://…`]
}

function loopbackDocuments({ allowLoopbackClientDocuments }: Settings): string[] {
  if (!allowLoopbackClientDocuments) return []
  return [
    'POSTERN_ALLOW_LOOPBACK_CLIENT_DOCUMENTS is for development, where clients are tried out on this machine; take it away',
  ]
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

function weakAccessKey({ accessKey }: Settings): string[] {
  if (accessKey === undefined || accessKey.secretAccessKey.length >= limits.accessKeySecretProduction) return []
  return [`POSTERN_SECRET_ACCESS_KEY needs at least ${limits.accessKeySecretProduction} characters in production`]
}
