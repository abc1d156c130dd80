import { ConfigError } from '../options/config-error.ts'
import type { IssuerOptions } from '../options/types.ts'
import { readNames, readPreset, readSegment } from './read.ts'

export interface CognitoOptions {
  /** Such as `eu-central-1`. */
  readonly region: string
  /** Such as `eu-central-1_AbCdEfGhI`. */
  readonly userPoolId: string
  /**
   * Loosens: the tokens of these app clients are accepted without an audience, which Cognito names only where clients ask
   * with a `resource` (RFC 8707). Leave it out where they do.
   */
  readonly clientIds?: string | readonly string[]
}

/**
 * An Amazon Cognito user pool. Its access tokens say `token_use: "access"`; they have a `client_id`, and no `aud` unless
 * the client named a resource. Scopes are `<resource server>/<scope>`, in tokens as in requests.
 */
export function cognito(options: CognitoOptions): IssuerOptions {
  readPreset(options, 'cognito', ['region', 'userPoolId', 'clientIds'])
  const region = readSegment(options.region, 'cognito.region')
  const pool = readSegment(options.userPoolId, 'cognito.userPoolId')
  if (!pool.startsWith(`${region}_`)) {
    throw new ConfigError('cognito.userPoolId', 'must begin with the region and "_", such as eu-central-1_AbCdEfGhI')
  }
  const clientIds = options.clientIds === undefined ? undefined : readNames(options.clientIds, 'cognito.clientIds')
  const issuer = `https://cognito-idp.${region}.amazonaws.com/${pool}`
  return {
    issuer,
    discoveryUrl: `${issuer}/.well-known/openid-configuration`,
    algorithms: ['RS256'],
    clientClaim: 'client_id',
    scopeClaim: 'scope',
    tokenUse: { token_use: 'access' },
    ...(clientIds === undefined ? {} : { audienceClaim: 'client_id', audience: clientIds }),
  }
}
