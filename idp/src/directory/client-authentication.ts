import type { Client, TokenEndpointAuthMethod } from './types.ts'

const secretMethods: readonly TokenEndpointAuthMethod[] = ['client_secret_basic', 'client_secret_post']

/** Does it authenticate with a secret? */
export function needsSecret(client: Pick<Client, 'tokenEndpointAuthMethod'>): boolean {
  return secretMethods.includes(client.tokenEndpointAuthMethod)
}

/** May it have secrets? One with keys may, so that it can change its method without a gap; a public one never. */
export function mayHaveSecrets(client: Pick<Client, 'tokenEndpointAuthMethod'>): boolean {
  return client.tokenEndpointAuthMethod !== 'none'
}
