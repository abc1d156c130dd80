import Provider from 'oidc-provider'
import type { HotClient } from '../../directory/types.ts'
import type { LibraryClient } from '../library-clients.ts'

export interface KeysFetchOptions {
  /** Gets the key set of a client that whoever runs the pool has registered. */
  readonly own: typeof fetch
  /** Gets one from a URL that a stranger chose: it must keep to the public internet. */
  readonly foreign: typeof fetch
  /** Our record of a client of the library. */
  readonly clientOf: (client: LibraryClient) => HotClient
}

/** The fetch by which oidc-provider gets key sets of clients, chosen by who is behind the client of the request. */
export function keysFetch({ own, foreign, clientOf }: KeysFetchOptions): typeof fetch {
  return async (input, init) => {
    const client = Provider.ctx?.oidc.client
    const isVouchedFor = client !== undefined && clientOf(client).registration === 'management'
    return await (isVouchedFor ? own : foreign)(input, init)
  }
}
