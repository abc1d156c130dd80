import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock } from '@postern/core'
import {
  type ApiKeyReply,
  createLogger,
  loadSecrets,
  loadSeed,
  parseSeed,
  readSettings,
  type ServiceReply,
  type Settings,
  type seed,
  serviceCreate,
  validate,
} from '@postern/server'
import type { z } from 'zod'
import type { Catalog, CreatedService } from '../catalog/types.ts'
import { serviceInput } from '../management/inputs.ts'
import { apiKeyReply, serviceReply } from '../management/replies.ts'
import { seedFrom } from '../seed/start.ts'
import { createGatewayServer, type GatewayServer } from '../server.ts'

export interface StartGatewayOptions {
  /** The provider whose pools the services trust, as startIdp gives it: services are registered there as resources. */
  readonly idp?: { readonly url: string; readonly adminToken: string }
  /** What the gateway has from the start: the path of a seed file, or what one holds. */
  readonly seed?: string | z.input<typeof seed>
  /** Default: any that is free. */
  readonly port?: number
  /** Keeps the data in this folder, which stays: to close a gateway and open it again. Default: a folder of its own. */
  readonly dataDir?: string
  /** Settings by their variables: `{ POSTERN_MAX_PROCESSES: '2' }`. */
  readonly env?: Readonly<Record<string, string>>
  readonly clock?: Clock
}

/** A service that is Ready. */
export interface TestService extends ServiceReply {
  /** The keys that were made with it, with their values. */
  readonly apiKeys: readonly (ApiKeyReply & { readonly key: string })[]
}

/** A whole gateway inside this process. */
export interface Gateway {
  /** Public origin, e.g. `http://localhost:49152`. */
  readonly url: string
  /** Bearer of the management API under `<url>/api/v1`. */
  readonly adminToken: string
  /**
   * Makes a service as POST /mcp-services does, and waits until its backend was checked.
   *
   * @throws Error with the refusal, or with the reason why the service failed
   */
  createService(service: z.input<typeof serviceCreate>): Promise<TestService>
  /** Stops it with every process that it started, and deletes everything that it has stored. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Starts a gateway for a test: a real server on a free port, with a real database in a folder of its own. Any number may
 * run at once in one process. It sets no signal handlers and writes no logs.
 *
 * @throws StartError, such as when the port is taken; SeedError with every mistake of the seed
 */
export async function startGateway(options: StartGatewayOptions = {}): Promise<Gateway> {
  const given = await readSeed(options.seed)
  const folder = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'postern-gateway-')))
  const remove = async () => {
    if (options.dataDir === undefined) await rm(folder, { recursive: true, force: true, maxRetries: 3 })
  }
  try {
    const settings = testSettings(folder, options)
    const secrets = await loadSecrets(settings)
    const server = await createGatewayServer({
      settings,
      secrets,
      log: createLogger({ level: 'silent', name: 'postern-gateway' }),
      seed: given && seedFrom(given),
      ...(options.clock === undefined ? {} : { clock: options.clock }),
    })
    const close = () => server.close().finally(remove)
    return {
      url: server.url,
      adminToken: secrets.adminToken,
      createService: (service) => createService(server, service),
      close,
      [Symbol.asyncDispose]: close,
    }
  } catch (error) {
    await remove()
    throw error
  }
}

async function readSeed(given: StartGatewayOptions['seed']) {
  if (given === undefined) return undefined
  return typeof given === 'string'
    ? await loadSeed(given, process.env)
    : parseSeed(JSON.stringify(given), 'seed', process.env)
}

/** Nothing of the environment gets into a test. */
function testSettings(folder: string, { port = 0, idp, env }: StartGatewayOptions): Settings {
  return readSettings(
    {
      POSTERN_MODE: 'development',
      POSTERN_DATA_DIR: folder,
      POSTERN_GATEWAY_PORT: String(port),
      POSTERN_LOG_LEVEL: 'silent',
      ...(idp === undefined ? {} : { POSTERN_IDP_URL: idp.url, POSTERN_ADMIN_TOKEN: idp.adminToken }),
      ...env,
    },
    'gateway',
  )
}

async function createService(server: GatewayServer, asked: z.input<typeof serviceCreate>): Promise<TestService> {
  const { catalog } = server
  const checked = validate(serviceCreate, asked)
  if (!checked.ok) throw new TypeError(checked.errors.map(({ field, message }) => `${field}: ${message}`).join('\n'))
  const created = await catalog.services.create(serviceInput(checked.value))
  const { id } = created.service
  await checkedOnce(catalog, id)
  const service = catalog.services.get(id)
  if (service.status !== 'Ready') throw new Error(`service ${id} is ${service.status}: ${service.statusReason ?? ''}`)
  return { ...serviceReply(service, catalog.keys.list(id), server.url, created.keys), apiKeys: keysOf(created) }
}

/** Resolves when the service is not Creating any more. */
async function checkedOnce({ services, subscribe }: Catalog, serviceId: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const look = () => {
    if (services.get(serviceId).status !== 'Creating') resolve()
  }
  const stop = subscribe((change) => {
    if (change.serviceId !== serviceId) return
    if (change.kind === 'service.removed') resolve()
    else look()
  })
  look()
  await promise.finally(stop)
}

function keysOf({ keys }: CreatedService) {
  return keys.map(({ apiKey, key }) => ({ ...apiKeyReply(apiKey), key }))
}
