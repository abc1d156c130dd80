import { randomBytes } from 'node:crypto'
import {
  type ClientCreate,
  clientCreate,
  type FieldError,
  poolCreate,
  resourceCreate,
  userCreate,
  validate,
} from '@postern/server'
import type { z } from 'zod'
import { DirectoryError } from '../directory/directory-error.ts'
import type { Client, Resource, SignInAttribute, User } from '../directory/types.ts'
import { poolUrls } from '../directory/urls.ts'
import type { IdpServer } from '../server.ts'
import { runCodeGrant, type SignedInTokens, type SignInRequest } from './code-grant.ts'
import { approveAs, type Credentials } from './person.ts'

type ResourceSettings = z.input<typeof resourceCreate>
type ClientSettings = Omit<z.input<typeof clientCreate>, 'clientType'> & Partial<Pick<ClientCreate, 'clientType'>>

/** A pool as the management API takes one, with resources to begin with; the first is the default. */
export type PoolSettings = z.input<typeof poolCreate> & { readonly resources?: readonly ResourceSettings[] }

/** A client with its secret, where it has one. */
export interface TestClient extends Client {
  readonly clientSecret?: string
}

type UserSettings = z.input<typeof userCreate>

/** A user with what they sign in with. */
export interface TestUser extends User, Credentials {}

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
  /** Makes a user who can sign in at once; name and password are made up unless given. */
  createUser(settings?: UserSettings): Promise<TestUser>
  /** An access token for a machine client, as its grant of client credentials would give it. */
  token(request: TokenRequest): Promise<string>
  /** Tokens for a person, by a whole code flow: over HTTP, through the pages, without a browser. */
  signIn(request: SignInRequest): Promise<SignedInTokens>
  /**
   * Opens an authorization request of somebody else's making, or a device's link, signs in and says yes to everything.
   * Returns where the browser ends, such as the client's redirect URI with the code.
   */
  approve(url: string | URL, user: Credentials): Promise<URL>
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
    async createUser(settings = {}) {
      const { signInAttributes } = await directory.pools.get(id)
      const password = settings.password ?? `Aa1-${randomBytes(16).toString('base64url')}`
      const input = check('user', userCreate, {
        ...(namesOf(settings).length === 0 ? madeUpName(signInAttributes) : {}),
        status: 'CONFIRMED',
        ...settings,
        password,
      })
      const user = await explained('user', directory.users.create(id, input))
      const [name = ''] = namesOf(user)
      return { ...user, name, password }
    },
    async token({ client, ...request }) {
      const clientId = typeof client === 'string' ? client : client.clientId
      const { accessToken } = await mint({ ...request, poolId: id, clientId })
      return accessToken
    },
    signIn: (request) => runCodeGrant(poolUrls(url, id).issuer, request),
    approve: (request, user) => approveAs(url, String(request), user),
  }
}

type Names = { readonly [K in 'preferredUsername' | 'email' | 'phoneNumber']?: string | null | undefined }

function namesOf({ preferredUsername, email, phoneNumber }: Names): string[] {
  return [preferredUsername, email, phoneNumber].filter((name) => typeof name === 'string')
}

/** A name that the pool lets people sign in with. */
function madeUpName(attributes: readonly SignInAttribute[]): UserSettings {
  const unique = randomBytes(6).toString('hex')
  if (attributes.includes('preferred_username') || attributes.length === 0) {
    return { preferredUsername: `user-${unique}` }
  }
  if (attributes.includes('email')) return { email: `user-${unique}@example.com`, emailVerified: true }
  return { phoneNumber: `+1555${String(Number.parseInt(unique.slice(0, 6), 16)).padStart(8, '0')}` }
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
