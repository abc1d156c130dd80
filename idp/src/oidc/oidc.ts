import { hkdfSync } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Clock, createCache, type EventSink, type Network } from '@postern/core'
import type { Logger, Sealer, Store } from '@postern/server'

import type { Directory } from '../directory/types.ts'
import { limits } from '../limits.ts'
import type { IdpDatabase } from '../schema.ts'
import { createClientKeysFetch } from './client-keys.ts'
import { createClients } from './clients.ts'
import { createDecisions } from './decisions.ts'
import { createFastLane } from './fast-lane.ts'
import { createMint, type Mint } from './mint.ts'
import { createMount } from './mount.ts'
import { createOpenPools, type OpenPool } from './open-pools.ts'
import { createProvider, type ProviderHandler } from './provider.ts'
import { startSweeper } from './sweeper.ts'
import { createThrottle } from './throttle.ts'
import { createTokenEndpoint } from './token-endpoint.ts'

export interface OidcOptions {
  readonly store: Store<IdpDatabase>
  readonly directory: Directory
  readonly sealer: Sealer
  /** 32 bytes; the key that signs cookies is derived from it. */
  readonly encryptionKey: Uint8Array
  readonly clock: Clock
  readonly record: EventSink
  readonly log: Logger
  /** Public origin of the provider, without a trailing slash. */
  readonly publicUrl: string
  /** Where JWK sets of clients may be fetched from: `any` is for development. */
  readonly network: Network
  /** Used to fetch them instead of a connection of one's own. */
  readonly fetch?: typeof fetch | undefined
  /** Told of each decision of the token endpoint: its HTTP status, and the time it took in seconds. */
  readonly observe?: (status: number, seconds: number) => void
  /** Off: every token request goes to oidc-provider. For tests that compare the two, and for measurements. */
  readonly fastLane?: boolean
}

export interface Oidc {
  /** Answers everything below /pools, and the well-known paths of `wellKnownPrefixes`. */
  readonly handler: (req: IncomingMessage, res: ServerResponse) => Promise<void>
  readonly mint: Mint
  close(): Promise<void>
}

interface Instance {
  /** What the instance was made of: with another key or algorithm, another instance is needed. */
  readonly fingerprint: string
  readonly handler: ProviderHandler
}

/** The OpenID face: discovery, JWKS and tokens for every user pool of the directory. */
export function createOidc(options: OidcOptions): Oidc {
  const { directory, clock, record, observe = () => {} } = options
  const pools = createOpenPools(options)
  const clients = createClients(directory, clock)
  const throttle = createThrottle(clock)
  const decisions = createDecisions({ record, throttle, observe })
  const instances = createCache<Instance>({ max: limits.providers, clock })
  const fastLane = options.fastLane === false ? async () => undefined : createFastLane({ clients, directory, clock })
  const stopSweeper = startSweeper(options)
  const forInstances = {
    ...options,
    clients,
    decisions,
    cookieKey: cookieKeyOf(options.encryptionKey),
    fetch: createClientKeysFetch(options),
  }

  return {
    handler: createMount({
      pools,
      tokenEndpoint: createTokenEndpoint({ throttle, decisions, fastLane }),
      providerOf,
      refused: (facts) =>
        record({ kind: 'token.refused', outcome: facts.reason === 'internal' ? 'error' : 'refused', ...facts }),
      log: options.log,
    }),
    mint: createMint({ pools, clients, directory, decisions, clock }),
    async close() {
      pools.close()
      await stopSweeper()
    },
  }

  function providerOf(opened: OpenPool): ProviderHandler {
    const fingerprint = fingerprintOf(opened)
    const known = instances.get(opened.pool.id)
    if (known?.fingerprint === fingerprint) return known.handler
    const handler = createProvider(forInstances, opened)
    instances.set(opened.pool.id, { fingerprint, handler }, Number.MAX_SAFE_INTEGER)
    return handler
  }
}

function fingerprintOf({ pool, publicKeys, signers }: OpenPool): string {
  return JSON.stringify([pool.signingAlgorithm, publicKeys.map((key) => key['kid']), [...signers.keys()]])
}

function cookieKeyOf(encryptionKey: Uint8Array): string {
  return Buffer.from(hkdfSync('sha256', encryptionKey, '', 'postern cookies', 32)).toString('base64url')
}
