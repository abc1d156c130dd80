import { type Clock, systemClock } from '@postern/core'
import {
  accessKeysOf,
  bindKey,
  type Closers,
  createClosers,
  createFetch,
  createHttp,
  type createLogger,
  createMetrics,
  createRecorder,
  createSealer,
  eventRoutes,
  type Http,
  listen,
  listenForAdmin,
  type Metrics,
  type NodeHandler,
  openStore,
  pathOf,
  problem,
  type Recorder,
  type Sealer,
  type Secrets,
  type ServerTables,
  type Settings,
  type StartError,
  type Tls,
  withPort,
} from '@postern/server'
import { createBackends } from './backends/backends.ts'
import type { Backends } from './backends/types.ts'
import { openCatalog } from './catalog/catalog.ts'
import type { GatewayStore } from './catalog/repository.ts'
import { takeDatabase } from './catalog/tenure.ts'
import type { Catalog } from './catalog/types.ts'
import { createIdpLink } from './idp-link/idp-link.ts'
import { managementRoutes } from './management/management.ts'
import { createIssuerCheck } from './protocol/issuer-check.ts'
import { createListTools } from './protocol/list-tools.ts'
import { createProtocol } from './protocol/protocol.ts'
import type { Protocol } from './protocol/types.ts'
import { type GatewayTables, gatewayMigrations } from './schema.ts'
import { seedRoutes } from './seed/routes.ts'
import type { StartSeed } from './seed/start.ts'
import { version } from './version.ts'
import { listToolsOf } from './volcengine/list-tools.ts'
import { createVolcengine } from './volcengine/volcengine.ts'

export interface GatewayServerOptions {
  readonly settings: Settings
  /** The admin token opens our management API, and the identity provider's. */
  readonly secrets: Pick<Secrets, 'adminToken' | 'encryptionKey'>
  readonly log: ReturnType<typeof createLogger>
  /** Listens for https. */
  readonly tls?: Tls | undefined
  /** What fills the catalogue before anybody is answered. */
  readonly seed?: StartSeed | undefined
  /**
   * Where the identity provider's management API answers. Default: under its public URL in development; in production
   * on the loopback address that is its default there.
   */
  readonly idpManagementUrl?: string
  readonly clock?: Clock
  readonly metrics?: Metrics
}

export interface GatewayServer {
  /** Public origin: URLs of services begin with it. */
  readonly url: string
  /** Where the management API answers. */
  readonly adminUrl: string
  readonly catalog: Catalog
  /** Resolves when another gateway has taken the database over: this one has closed itself by then. */
  readonly lost: Promise<StartError>
  /** Answers what is in flight, ends every child process, writes what waits, and lets go of everything. */
  close(): Promise<void>
}

type Context = GatewayServerOptions & Required<Pick<GatewayServerOptions, 'clock' | 'metrics'>>

interface Ground {
  readonly lost: Promise<StartError>
  readonly store: GatewayStore
  readonly sealer: Sealer
  readonly recorder: Recorder
  readonly backends: Backends
}

/**
 * Starts the gateway: database, catalogue, seed, then the answers, then the work in the background.
 *
 * @throws StartError with the sentence to print; nothing stays open then
 */
export async function createGatewayServer(options: GatewayServerOptions): Promise<GatewayServer> {
  const { clock = systemClock, metrics = createMetrics('gateway') } = options
  const closers = createClosers()
  try {
    const context = { ...options, clock, metrics }
    return await openDoors(context, await openGround(context, closers), closers)
  } catch (error) {
    await closers.close()
    throw error
  }
}

async function openGround(context: Context, closers: Closers): Promise<Ground> {
  const { settings, secrets, log, clock, metrics } = context
  const store = await openStore<GatewayTables & ServerTables>({
    url: settings.databaseUrl,
    migrations: gatewayMigrations,
    log,
    name: 'gateway',
  })
  closers.add(store.close)
  const sealer = createSealer(secrets.encryptionKey)
  await bindKey(store, sealer)
  const tenure = await takeDatabase(store, log)
  closers.add(tenure.release)
  const recorder = createRecorder({ store, clock, log, role: 'gateway', metrics })
  closers.add(recorder.close)
  const { record } = recorder
  const { maxProcesses, maxProcessMemoryMb, dataDir } = settings
  const backends = createBackends({
    maxProcesses,
    maxProcessMemoryMb,
    dataDir,
    clock,
    record,
    log,
    ...internalOf(settings),
  })
  closers.add(backends.close)
  await backends.clearUp()
  const lost = tenure.lost.then(async (error) => {
    await closers
      .close()
      .catch((failure: unknown) => log.error({ err: failure }, 'the gateway could not close cleanly'))
    return error
  })
  return { store, sealer, recorder, backends, lost }
}

async function openDoors(context: Context, ground: Ground, closers: Closers): Promise<GatewayServer> {
  // The URLs of services hold the port, which may only be known when it is taken.
  const closed: NodeHandler = (_req, res) => void res.writeHead(503, { 'retry-after': '1' }).end()
  let answer = closed
  const { tls } = context
  const { port, host } = context.settings
  const address = { port, setting: 'POSTERN_GATEWAY_PORT', tls, ...(host === undefined ? {} : { host }) }
  const listener = await listen((req, res) => answer(req, res), address)
  closers.add(() => listener.close())
  const settings = withPort(context.settings, listener.port)
  const fetch = internalFetch(settings)
  const catalog = await openRooms({ ...context, settings }, ground, fetch)
  closers.add(catalog.close)
  const protocol = openProtocol({ ...context, settings }, ground, catalog, fetch)
  closers.add(protocol.close)
  const http = openHttp({ ...context, settings }, ground, catalog, protocol)
  closers.add(() => {
    answer = closed
    http.close()
  })
  const admin = await listenForAdmin(settings, http.admin, tls)
  if (admin !== undefined) closers.add(() => admin.close())
  answer = http.public
  catalog.start()
  const { publicUrl: url } = settings
  return { url, adminUrl: admin?.url ?? url, catalog, lost: ground.lost, close: closers.close }
}

function internalFetch(settings: Settings): typeof fetch {
  return createFetch(internalOf(settings))
}

function internalOf({ idpUrl, idpInternalUrl }: Settings) {
  return idpInternalUrl === undefined ? {} : { internal: { publicUrl: idpUrl, internalUrl: idpInternalUrl } }
}

async function openRooms(context: Context, ground: Ground, fetch: typeof globalThis.fetch): Promise<Catalog> {
  const { settings, secrets, seed, log, clock } = context
  const { mode, publicUrl, idpUrl, maxAllowedClients } = settings
  const { idpManagementUrl = mode === 'production' ? productionManagementUrl : idpUrl } = context
  const catalog = await openCatalog({
    store: ground.store,
    sealer: ground.sealer,
    settings: { mode, publicUrl, idpUrl, maxAllowedClients, listedCommands: seed?.listedCommands ?? [] },
    backends: ground.backends,
    link: createIdpLink({ managementUrl: idpManagementUrl, adminToken: secrets.adminToken, fetch }),
    checkIssuer: createIssuerCheck({ clock, fetch }),
    clock,
    record: ground.recorder.record,
    log,
  })
  await seed?.apply(catalog, idpUrl)
  return catalog
}

function openProtocol(context: Context, ground: Ground, catalog: Catalog, fetch: typeof globalThis.fetch): Protocol {
  const { settings, clock, log, metrics } = context
  return createProtocol({
    catalog,
    backends: ground.backends,
    settings,
    sealer: ground.sealer,
    clock,
    record: ground.recorder.record,
    log,
    fetch,
    onRequest: ({ method, status, durationMs }) =>
      metrics.requests.observe({ method, route: 'mcp-service', status: String(status) }, durationMs / 1000),
  })
}

function openHttp(context: Context, ground: Ground, catalog: Catalog, protocol: Protocol): Http {
  const { settings, secrets, log, metrics } = context
  const { store, recorder } = ground
  return createHttp({
    name: 'postern-gateway',
    version,
    mode: settings.mode,
    adminToken: secrets.adminToken,
    routes: [
      ...managementRoutes({
        catalog,
        gatewayUrl: settings.publicUrl,
        listTools: createListTools(ground.backends, catalog),
      }),
      ...seedRoutes({ catalog, idpUrl: settings.idpUrl }),
      ...eventRoutes(recorder),
    ],
    log,
    metrics,
    ready: { database: store.ping },
    find: findProtocol(catalog, protocol),
    wire: openVolcengine(context, ground, catalog),
    record: recorder.record,
  })
}

function openVolcengine(
  { settings, seed, clock, log, metrics }: Context,
  ground: Ground,
  catalog: Catalog,
): NodeHandler {
  return createVolcengine({
    catalog,
    sealer: settings.showSecretsAgain ? ground.sealer : undefined,
    listTools: listToolsOf(ground.backends, catalog),
    gatewayUrl: settings.publicUrl,
    accessKeys: accessKeysOf(settings, seed),
    store: ground.store,
    clock,
    log,
    record: ground.recorder.record,
    observe: (status, seconds) =>
      metrics.requests.observe({ method: 'POST', route: 'volcengine', status: String(status) }, seconds),
  })
}

/** POSTERN_ADMIN_LISTEN of the identity provider, unless it is set. */
const productionManagementUrl = 'http://127.0.0.1:4710'

const metadataPrefix = '/.well-known/oauth-protected-resource'

/** Paths of services come and go, so the protocol is asked for each request whether the path is one of them. */
function findProtocol(catalog: Catalog, protocol: Protocol): (path: string) => NodeHandler | undefined {
  const handler: NodeHandler = async (req, res) => {
    if (!(await protocol.handler(req, res))) problem(404, 'not_found', `there is no MCP service at ${pathOf(req)}`)
  }
  return (path) => {
    const isMetadata = path === metadataPrefix || path.startsWith(`${metadataPrefix}/`)
    return isMetadata || catalog.findByPath(path) !== undefined ? handler : undefined
  }
}
