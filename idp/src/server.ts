import { type Clock, systemClock } from '@postern/core'
import {
  bindKey,
  createHttp,
  createMetrics,
  createRecorder,
  createSealer,
  eventRoutes,
  type Http,
  type Listener,
  type Logger,
  listen,
  type Metrics,
  type NodeHandler,
  openStore,
  type Recorder,
  type Sealer,
  type Secrets,
  type Settings,
  type Store,
  withPort,
} from '@postern/server'

import { createDirectory } from './directory/directory.ts'
import type { Directory } from './directory/types.ts'
import { managementRoutes } from './management/management.ts'
import type { Mint } from './oidc/mint.ts'
import { wellKnownPrefixes } from './oidc/mount.ts'
import { createOidc, type Oidc } from './oidc/oidc.ts'
import { type IdpDatabase, idpMigrations } from './schema.ts'
import { seedRoutes } from './seed/routes.ts'
import { version } from './version.ts'

export interface IdpServerOptions {
  readonly settings: Settings
  readonly secrets: Pick<Secrets, 'adminToken' | 'encryptionKey'>
  readonly log: Logger
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

/** What was opened, in order; closed in the opposite order. */
interface Closers {
  add(close: () => Promise<void> | void): void
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

function createClosers(): Closers {
  const stack: (() => Promise<void> | void)[] = []
  let closing: Promise<void> | undefined
  const closeAll = async (): Promise<void> => {
    for (const close of stack.reverse()) await close()
  }
  return {
    add: (close) => void stack.push(close),
    close() {
      closing ??= closeAll()
      return closing
    },
  }
}

type Context = IdpServerOptions & Required<Pick<IdpServerOptions, 'clock' | 'metrics'>>

interface Ground {
  readonly store: Store<IdpDatabase>
  readonly sealer: Sealer
  readonly recorder: Recorder
  readonly directory: Directory
}

async function openGround(context: Context, closers: Closers): Promise<Ground> {
  const { settings, secrets, log, clock, metrics } = context
  const store = await openStore<IdpDatabase>({ url: settings.databaseUrl, migrations: idpMigrations, log, name: 'idp' })
  closers.add(store.close)
  const sealer = createSealer(secrets.encryptionKey)
  await bindKey(store, sealer)
  const recorder = createRecorder({ store, clock, log, role: 'idp', metrics })
  closers.add(recorder.close)
  const onError = (err: unknown) => log.error({ err }, 'something failed apart from any request')
  const directory = createDirectory({ store, clock, sealer, onEvent: recorder.record, onError })
  closers.add(directory.close)
  return { store, sealer, recorder, directory }
}

async function openDoors(context: Context, ground: Ground, closers: Closers): Promise<IdpServer> {
  // Issuers hold the port, which may only be known when it is taken.
  let answer: NodeHandler = (_req, res) => void res.writeHead(503, { 'retry-after': '1' }).end()
  const { port, host } = context.settings
  const address = { port, setting: 'POSTERN_IDP_PORT', ...(host === undefined ? {} : { host }) }
  const listener = await listen((req, res) => answer(req, res), address)
  const settings = withPort(context.settings, listener.port)
  const oidc = openOidc({ ...context, settings }, ground)
  closers.add(oidc.close)
  closers.add(() => listener.close())
  const http = openHttp({ ...context, settings }, ground, oidc)
  answer = http.public
  const admin = await listenForAdmin(settings, http)
  if (admin !== undefined) closers.add(() => admin.close())
  // Closed first: listeners would wait for event streams, which end by themselves never.
  closers.add(http.close)
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
    observe: (status, seconds) =>
      metrics.requests.observe({ method: 'POST', route: '/pools/:poolId/token', status: String(status) }, seconds),
  })
}

function openHttp({ settings, secrets, log, metrics }: Context, ground: Ground, oidc: Oidc): Http {
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
    record: recorder.record,
  })
}

/** In development the management API is on the one port; in production it has one of its own. */
async function listenForAdmin({ adminListen }: Settings, http: Http): Promise<Listener | undefined> {
  return adminListen && (await listen(http.admin, { ...adminListen, setting: 'POSTERN_ADMIN_LISTEN' }))
}
