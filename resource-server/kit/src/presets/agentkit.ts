import { issuerFromDiscoveryUrl } from '@postern/core'
import { ConfigError } from '../options/config-error.ts'
import { readText } from '../options/fields.ts'
import type { IssuerOptions } from '../options/types.ts'
import { readNames, readPreset } from './read.ts'

export interface AgentKitOptions {
  /** The user pool's `DiscoveryUrl`. */
  readonly discoveryUrl: string
  /** The clients of the pool that may come in. */
  readonly allowedClients: string | readonly string[]
}

/**
 * A user pool of Agent Identity (AgentKit). Its tokens name their own client as the only audience, so they are good at
 * every server that trusts the pool: this loosens the audience check, and in return the clients have to be named.
 */
export function agentkit(options: AgentKitOptions): IssuerOptions {
  readPreset(options, 'agentkit', ['discoveryUrl', 'allowedClients'])
  const discoveryUrl = readText(options.discoveryUrl, 'agentkit.discoveryUrl')
  const issuer = issuerFromDiscoveryUrl(discoveryUrl)
  if (issuer === undefined) {
    throw new ConfigError('agentkit.discoveryUrl', 'must end with /.well-known/openid-configuration')
  }
  return {
    issuer,
    discoveryUrl,
    algorithms: ['RS256'],
    clientClaim: 'client_id',
    acceptClientIdAudience: true,
    allowedClients: readNames(options.allowedClients, 'agentkit.allowedClients'),
  }
}
