import { readNumber } from '../options/fields.ts'
import type { IssuerOptions } from '../options/types.ts'
import { readNames, readPreset } from './read.ts'

export interface GoogleOptions {
  /** The OAuth clients, `….apps.googleusercontent.com`, whose users may come in: Google's tokens have no other audience. */
  readonly clientIds: string | readonly string[]
  /** Seconds that an answer of Google's is believed. Default 60. */
  readonly cache?: number
}

/**
 * Google accounts. Access tokens are opaque (`ya29.…`), so Google is asked about each, by its tokeninfo endpoint. Its ID
 * tokens are never accepted: any service account can have one made for any audience.
 */
export function google(options: GoogleOptions): IssuerOptions {
  readPreset(options, 'google', ['clientIds', 'cache'])
  return {
    issuer: 'https://accounts.google.com',
    discoveryUrl: 'https://accounts.google.com/.well-known/openid-configuration',
    audience: readNames(options.clientIds, 'google.clientIds'),
    clientClaim: 'azp',
    scopeClaim: 'scope',
    introspection: {
      dialect: 'google',
      endpoint: 'https://oauth2.googleapis.com/tokeninfo',
      tokens: 'all',
      prefix: 'ya29.',
      cache: readNumber(options.cache, 'google.cache', { min: 0, max: 3600, fallback: 60 }),
    },
  }
}
