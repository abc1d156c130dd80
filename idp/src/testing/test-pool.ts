import { type ClientCreate, clientCreate, type FieldError, poolCreate, resourceCreate, validate } from '@postern/server'
import type { z } from 'zod'
import { DirectoryError } from '../directory/directory-error.ts'
import type { Client, Resource } from '../directory/types.ts'
import { poolUrls } from '../directory/urls.ts'
import type { IdpServer } from '../server.ts'

type ResourceSettings = z.input<typeof resourceCreate>
type ClientSettings = Omit<z.input<typeof clientCreate>, 'clientType'> & Partial<Pick<ClientCreate, 'clientType'>>

/** A pool as the management API takes one, with resources to begin with; the first is the default. */
export type PoolSettings = z.input<typeof poolCreate> & { readonly resources?: readonly ResourceSettings[] }

/** A client with its secret, where it has one. */
export interface TestClient extends Client {
  readonly clientSecret?: string
}

export interface TokenRequest {
  /** A client, or the id of one. */
  readonly client: string | { readonly clientId: string }
  /** Default: that of the client or the pool. */
  readonly resource?: string | undefined
  /** Default: all that are granted. */
  readonly scopes?: readonly string[] | undefined
  /** Lifetime in seconds. Default: as configured. */
  readonly ttl?: number | undefined
}

export interface TestPool {
  readonly id: string
  readonly issuer: string
  readonly discoveryUrl: string
  readonly tokenUrl: string
  readonly jwksUrl: string
  /** Makes a client; a machine client unless `clientType` says otherwise. */
  createClient(settings: ClientSettings): Promise<TestClient>
  createResource(settings: ResourceSettings): Promise<Resource>
  /** An access token for a machine client, as its grant of client credentials would give it. */
  token(request: TokenRequest): Promise<string>
}

export async function createTestPool(server: IdpServer, settings: PoolSettings): Promise<TestPool> {
  const { resources = [], ...pool } = settings
  const checked = check('pool', poolCreate, pool)
  const { id } = await explained('pool', server.directory.pools.create(checked))
  const made = testPool(server, id)
  for (const resource of resources) await made.createResource(resource)
  return made
}

export async function openTestPool(server: IdpServer, poolId: string): Promise<TestPool> {
  const { id } = await server.directory.pools.get(poolId)
  return testPool(server, id)
}

function testPool({ url, directory, mint }: IdpServer, id: string): TestPool {
  return {
    id,
    ...poolUrls(url, id),
    async createClient(settings) {
      const input = check('client', clientCreate, { clientType: 'MACHINE_TO_MACHINE', ...settings })
      const { client, clientSecret } = await explained('client', directory.clients.create(id, input))
      return { ...client, ...(clientSecret === undefined ? {} : { clientSecret }) }
    },
    async createResource(settings) {
      const input = check('resource', resourceCreate, settings)
      return await explained('resource', directory.resources.create(id, input))
    },
    async token({ client, ...request }) {
      const clientId = typeof client === 'string' ? client : client.clientId
      const { accessToken } = await mint({ ...request, poolId: id, clientId })
      return accessToken
    },
  }
}

/** What the management API would answer with 400 is an error that says the same. */
function check<S extends z.ZodType>(what: string, schema: S, value: unknown): z.output<S> {
  const checked = validate(schema, value)
  if (checked.ok) return checked.value
  throw new TypeError(sentences(what, checked.errors))
}

/** A refusal of the directory, with the fields in its message: a test shows nothing else. */
async function explained<T>(what: string, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (!(error instanceof DirectoryError) || error.errors.length === 0) throw error
    throw new DirectoryError(error.kind, error.code, sentences(what, error.errors), error.errors)
  }
}

function sentences(what: string, errors: readonly FieldError[]): string {
  return errors.map(({ field, message }) => `${what}.${field}: ${message}`).join('\n')
}
