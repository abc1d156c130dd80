import { hkdfSync } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Clock, createCache, type EventSink, type Network } from '@postern/core'
import type { Logger, Mode, Sealer, Store } from '@postern/server'

import type { Directory } from '../directory/types.ts'
import { limits } from '../limits.ts'
import type { IdpDatabase } from '../schema.ts'
import { createClientKeysFetch } from './client-keys.ts'
import { createClients } from './clients.ts'
import { createDecisions } from './decisions.ts'
import { startEndings } from './endings.ts'
import { createFastLane } from './fast-lane.ts'
import { createMint, type Mint } from './mint.ts'
import { createMount } from './mount.ts'
import { createOpenPools, type OpenPool } from './open-pools.ts'
import type { Pages } from './pages.ts'
import { createProvider, type PoolProvider } from './provider.ts'
import { createFindByDocument } from './registration/document-client.ts'
import { createRate } from './registration/rate.ts'
import { createRegistrationRoom } from './registration/registration.ts'
import { createResolveClient } from './resolve-client.ts'
import { createEndpoints } from './revocation/endpoints.ts'
import { createRevocations } from './revocation/revocations.ts'
import type { Room } from './rooms.ts'
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
  /** In production nothing is approved without a person. */
  readonly mode: Mode
  /** What people see. */
  readonly pages: Pages
  /** Metadata documents of clients may be fetched from this machine, over http as well. */
  readonly allowLoopbackClientDocuments?: boolean | undefined
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
  /** Answers those who wait for news, so that the server can close. */
  release(): void
  close(): Promise<void>
}

interface Instance {
  /** What the instance was made of: with another key or algorithm, another instance is needed. */
  readonly fingerprint: string
  readonly provider: PoolProvider
}

/** The OpenID face: discovery, JWKS and tokens for every user pool of the directory. */
export function createOidc(options: OidcOptions): Oidc {
  const { directory, clock, record, observe = () => {} } = options
  const pools = createOpenPools(options)
  const findByDocument = createFindByDocument(options)
  const clients = createClients(createResolveClient(directory, findByDocument), clock)
  const throttle = createThrottle(clock)
  const decisions = createDecisions({ record, throttle, observe })
  const revocations = createRevocations({ ...options, pools })
  const instances = createCache<Instance>({ max: limits.providers, clock })
  const fastLane = options.fastLane === false ? async () => undefined : createFastLane({ clients, directory, clock })
  const stopSweeper = startSweeper(options)
  const stopEndings = startEndings(options)
  const forInstances = {
    ...options,
    clients,
    decisions,
    revocations,
    userCodes: createThrottle(clock),
    beginnings: createRate(clock, limits.beginningsPerMinute),
    cookieKey: keyFor('cookies', options.encryptionKey),
    csrfKey: keyFor('forms', options.encryptionKey),
    fetch: createClientKeysFetch(options),
    foreignFetch: createClientKeysFetch({ ...options, network: 'public-only' }),
  }

  const rooms: readonly Room[] = [
    ...createEndpoints({ throttle, decisions, providerOf: (opened) => providerOf(opened).handle }),
    createRegistrationRoom({ ...options, registrations: directory.registrations }),
  ]

  return {
    handler: createMount({
      pools,
      tokenEndpoint: createTokenEndpoint({ throttle, decisions, fastLane }),
      providerOf,
      rooms,
      feed: revocations.feed,
      pages: options.pages,
      refused: (facts) =>
        record({ kind: 'token.refused', outcome: facts.reason === 'internal' ? 'error' : 'refused', ...facts }),
      log: options.log,
    }),
    mint: createMint({ pools, clients, directory, decisions, clock }),
    release: revocations.release,
    async close() {
      revocations.close()
      pools.close()
      await stopEndings()
      await stopSweeper()
    },
  }

  function providerOf(opened: OpenPool): PoolProvider {
    const fingerprint = fingerprintOf(opened)
    const known = instances.get(opened.pool.id)
    if (known?.fingerprint === fingerprint) return known.provider
    const provider = createProvider(forInstances, opened)
    instances.set(opened.pool.id, { fingerprint, provider }, Number.MAX_SAFE_INTEGER)
    return provider
  }
}

/** Everything that the configuration of an instance is made from; the rest it looks up anew for each request. */
function fingerprintOf({ pool, publicKeys, signers }: OpenPool): string {
  const { signingAlgorithm, deviceFlowEnabled, refreshTokenGrace } = pool
  const { dynamicRegistrationEnabled, clientIdMetadataDocumentsEnabled } = pool
  const keys = publicKeys.map((key) => key['kid'])
  const switches = [deviceFlowEnabled, dynamicRegistrationEnabled, clientIdMetadataDocumentsEnabled]
  return JSON.stringify([signingAlgorithm, switches, refreshTokenGrace, keys, [...signers.keys()]])
}

function keyFor(purpose: string, encryptionKey: Uint8Array): string {
  return Buffer.from(hkdfSync('sha256', encryptionKey, '', `postern ${purpose}`, 32)).toString('base64url')
}
