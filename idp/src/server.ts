import { type Clock, systemClock } from '@postern/core'
import {
  type AccessKey,
  bindKey,
  type Closers,
  createClosers,
  createHttp,
  createMetrics,
  createRecorder,
  createSealer,
  eventRoutes,
  type Http,
  type Logger,
  listen,
  listenForAdmin,
  type Metrics,
  type NodeHandler,
  openStore,
  type Recorder,
  type Sealer,
  type Secrets,
  type Settings,
  type Store,
  type Tls,
  withPort,
} from '@postern/server'

import { refuseDevelopmentPools } from './directory/development-only.ts'
import { createDirectory } from './directory/directory.ts'
import type { Directory } from './directory/types.ts'
import { managementRoutes } from './management/management.ts'
import type { Mint } from './oidc/mint.ts'
import { wellKnownPrefixes } from './oidc/mount.ts'
import { createOidc, type Oidc } from './oidc/oidc.ts'
import { createBury } from './oidc/revocation/tombstone.ts'
import { type IdpDatabase, idpMigrations } from './schema.ts'
import { seedRoutes } from './seed/routes.ts'
import { createPages } from './sign-in/create-pages.ts'
import { version } from './version.ts'
import { createVolcengine } from './volcengine/volcengine.ts'

export interface IdpServerOptions {
  readonly settings: Settings
  readonly secrets: Pick<Secrets, 'adminToken' | 'encryptionKey'>
  readonly log: Logger
  /** Listens for https. */
  readonly tls?: Tls | undefined
  /** Sign requests of the originals' API. */
  readonly accessKeys?: readonly AccessKey[]
  /** Fills the directory before anybody is answered. */
  readonly seed?: ((directory: Directory) => Promise<unknown>) | undefined
  readonly clock?: Clock
  readonly metrics?: Metrics
}

export interface IdpServer {
  /** Public origin: issuers begin with it. */
  readonly url: string
  /** Where the management API answers. */
  readonly adminUrl: string
  readonly directory: Directory
  /** Makes a token for a client without its credentials. */
  readonly mint: Mint
  /** Answers what is in flight, writes what waits, and lets go of everything. */
  close(): Promise<void>
}

/**
 * Starts the identity provider: database, directory, seed, and only then HTTP, so that whoever is answered finds it
 * complete.
 *
 * @throws StartError with the sentence to print; nothing stays open then
 */
export async function createIdpServer(options: IdpServerOptions): Promise<IdpServer> {
  const closers = createClosers()
  try {
    const context = {
      ...options,
      clock: options.clock ?? systemClock,
      metrics: options.metrics ?? createMetrics('idp'),
    }
    const ground = await openGround(context, closers)
    await options.seed?.(ground.directory)
    return await openDoors(context, ground, closers)
  } catch (error) {
    await closers.close()
    throw error
  }
}

type Context = IdpServerOptions & Required<Pick<IdpServerOptions, 'clock' | 'metrics'>>

interface Ground {
  readonly store: Store<IdpDatabase>
  readonly sealer: Sealer
  readonly recorder: Recorder
  readonly directory: Directory
  /** Public origin; final once it is known where the server listens. */
  readonly origin: { url: string }
}

async function openGround(context: Context, closers: Closers): Promise<Ground> {
  const { settings, secrets, log, clock, metrics } = context
  const store = await openStore<IdpDatabase>({ url: settings.databaseUrl, migrations: idpMigrations, log, name: 'idp' })
  closers.add(store.close)
  const sealer = createSealer(secrets.encryptionKey)
  await bindKey(store, sealer)
  await refuseDevelopmentPools(store, settings.mode)
  const recorder = createRecorder({ store, clock, log, role: 'idp', metrics })
  closers.add(recorder.close)
  const onError = (err: unknown) => log.error({ err }, 'something failed apart from any request')
  const origin = { url: settings.publicUrl }
  const directory = createDirectory({
    store,
    bury: createBury(() => origin.url),
    clock,
    sealer,
    mode: settings.mode,
    onEvent: recorder.record,
    onError,
  })
  closers.add(directory.close)
  return { store, sealer, recorder, directory, origin }
}

async function openDoors(context: Context, ground: Ground, closers: Closers): Promise<IdpServer> {
  // Issuers hold the port, which may only be known when it is taken.
  let answer: NodeHandler = (_req, res) => void res.writeHead(503, { 'retry-after': '1' }).end()
  const { tls } = context
  const { port, host } = context.settings
  const address = { port, setting: 'POSTERN_IDP_PORT', tls, ...(host === undefined ? {} : { host }) }
  const listener = await listen((req, res) => answer(req, res), address)
  const settings = withPort(context.settings, listener.port)
  ground.origin.url = settings.publicUrl
  const oidc = openOidc({ ...context, settings }, ground)
  closers.add(oidc.close)
  closers.add(() => listener.close())
  const http = openHttp({ ...context, settings }, ground, oidc)
  answer = http.public
  const admin = await listenForAdmin(settings, http.admin, tls)
  if (admin !== undefined) closers.add(() => admin.close())
  // Closed first: listeners would wait for event streams, which end by themselves never.
  closers.add(http.close)
  closers.add(oidc.release)
  const { publicUrl: url } = settings
  return { url, adminUrl: admin?.url ?? url, directory: ground.directory, mint: oidc.mint, close: closers.close }
}

function openOidc({ settings, secrets, clock, log, metrics }: Context, ground: Ground): Oidc {
  return createOidc({
    ...ground,
    encryptionKey: secrets.encryptionKey,
    clock,
    log,
    record: ground.recorder.record,
    publicUrl: settings.publicUrl,
    network: settings.mode === 'development' ? 'any' : 'public-only',
    mode: settings.mode,
    allowLoopbackClientDocuments: settings.allowLoopbackClientDocuments,
    pages: createPages({
      accounts: ground.directory.accounts,
      sealer: ground.sealer,
      clock,
      log,
      outbox: settings.mode === 'development' ? `${settings.publicUrl}/api/v1/outbox` : undefined,
    }),
    observe: (status, seconds) =>
      metrics.requests.observe({ method: 'POST', route: '/pools/:poolId/token', status: String(status) }, seconds),
  })
}

function openHttp(context: Context, ground: Ground, oidc: Oidc): Http {
  const { settings, secrets, log, metrics } = context
  const { store, recorder, directory } = ground
  return createHttp({
    name: 'postern-idp',
    version,
    mode: settings.mode,
    adminToken: secrets.adminToken,
    routes: [
      ...managementRoutes({ directory, settings, mint: oidc.mint }),
      ...seedRoutes({ directory, settings }),
      ...eventRoutes(recorder),
    ],
    log,
    metrics,
    ready: { database: store.ping },
    mounts: ['/pools', ...wellKnownPrefixes].map((prefix) => ({ prefix, handler: oidc.handler })),
    wire: openVolcengine(context, ground),
    record: recorder.record,
  })
}

function openVolcengine({ settings, accessKeys = [], clock, log, metrics }: Context, ground: Ground): NodeHandler {
  return createVolcengine({
    directory: ground.directory,
    sealer: settings.showSecretsAgain ? ground.sealer : undefined,
    idpUrl: () => ground.origin.url,
    store: ground.store,
    accessKeys,
    clock,
    log,
    record: ground.recorder.record,
    observe: (status, seconds) =>
      metrics.requests.observe({ method: 'POST', route: 'volcengine', status: String(status) }, seconds),
  })
}
