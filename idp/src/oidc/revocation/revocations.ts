import { type Clock, type EventSink, sha256Base64url } from '@postern/core'
import type { Logger, Store } from '@postern/server'
import { noteGrantEnded } from '../../directory/revocations/endings.ts'
import { readSeqs } from '../../directory/revocations/reads.ts'
import type { Directory, HotClient } from '../../directory/types.ts'
import type { IdpDatabase } from '../../schema.ts'
import type { LibraryClient } from '../library-clients.ts'
import type { OpenPools } from '../open-pools.ts'
import { createFeed, type Feed } from './feed.ts'
import { createFeedHub } from './feed-hub.ts'
import { createTokens, type Tokens } from './tokens.ts'

export interface RevocationsOptions {
  readonly store: Store<IdpDatabase>
  readonly directory: Directory
  readonly clock: Clock
  readonly record: EventSink
  readonly log: Logger
  readonly pools: OpenPools
}

/** What ends tokens before their time, and how the world learns of it. */
export interface Revocations {
  readonly feed: Feed
  /** For one instance of oidc-provider. `recordOf`: our record of a client of the library. */
  tokens(recordOf: (client: LibraryClient) => HotClient): Tokens
  /**
   * What a person granted has ended: by revocation, by the reuse of a refresh token, or because the person is gone. Every
   * access token that came of it is refused from then on. To be awaited before anybody is told.
   *
   * @param clientId whose grant it was, where that is known
   */
  grantEnded(poolId: string, grantId: string, clientId?: string): Promise<void>
  /** The same, for who knows the grant by the hash of its id. */
  grantNameEnded(poolId: string, grantName: string, clientId?: string): Promise<void>
  /** Answers those who wait for news, so that the server can close. */
  release(): void
  close(): void
}

/** How an access token names the grant that it came of: the id itself stays here. */
export async function grantNameOf(grantId: string): Promise<string> {
  return await sha256Base64url(grantId)
}

export function createRevocations(options: RevocationsOptions): Revocations {
  const { store, clock, log, directory } = options
  const hub = createFeedHub({ readSeqs: (poolIds) => readSeqs({ db: store.db, now: clock.now() }, poolIds), log })
  const unsubscribe = directory.subscribe(({ poolId }) => hub.changed(poolId))

  const grantNameEnded = async (poolId: string, name: string, clientId?: string): Promise<void> => {
    await store.db.transaction().execute((db) => noteGrantEnded({ db, now: clock.now() }, poolId, name, clientId))
    hub.changed(poolId)
  }

  return {
    feed: createFeed({ ...options, hub }),
    tokens: (recordOf) => createTokens({ ...options, changed: hub.changed }, recordOf),
    grantEnded: async (poolId, grantId, clientId) => grantNameEnded(poolId, await grantNameOf(grantId), clientId),
    grantNameEnded,
    release: hub.close,
    close() {
      unsubscribe()
      hub.close()
    },
  }
}
