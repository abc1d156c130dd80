import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { clientCreate, clientPatch, poolCreate, resourceCreate, validate } from '@postern/server'
import fc from 'fast-check'
import type { TestDirectory } from '../directory/directory-fixture.ts'
import type { PoolContent } from '../directory/types.ts'

const identifiers = [
  'https://a.example/mcp',
  'https://b.example/mcp?tenant=1',
  'urn:example:c',
  'http://localhost:4701/d',
]
const scopeNames = ['read', 'write', `a$\{b}`]
const point = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' })
const jwks = { keys: [{ ...point, kid: 'one', 'x-own': { deep: [1, null, `\${X}`] } }] }
const keyed = { clientType: 'MACHINE_TO_MACHINE', tokenEndpointAuthMethod: 'private_key_jwt' }

const word = fc.constantFrom('a', 'é', '\u{1f511}', '#', ': ', `\${X}`, '$', '-', "'", '"', 'null', '0')
const name = fc.array(word, { minLength: 1, maxLength: 5 }).map((words) => `n${words.join('')}n`)
const description = fc
  .array(fc.oneof(word, fc.constantFrom(' ', '\n', '\t')), { maxLength: 8 })
  .map((all) => all.join(''))
const ttl = fc.integer({ min: 1, max: 86_400 })
const attributes = fc.subarray(['preferred_username', 'phone_number', 'email'])

const resource = fc.record(
  {
    identifier: fc.constantFrom(...identifiers),
    name,
    accessTokenTtl: ttl,
    scopes: fc
      .uniqueArray(fc.constantFrom(...scopeNames))
      .chain((names) =>
        fc.tuple(
          ...names.map((scope) =>
            fc.record(
              { name: fc.constant(scope), description, implies: fc.subarray(names) },
              { requiredKeys: ['name'] },
            ),
          ),
        ),
      ),
  },
  { requiredKeys: ['identifier'] },
)

const machineShape = fc.constantFrom(
  { clientType: 'MACHINE_TO_MACHINE' },
  { clientType: 'MACHINE_TO_MACHINE', tokenEndpointAuthMethod: 'client_secret_post' },
  { ...keyed, jwks },
  { ...keyed, jwksUri: 'https://client.example/jwks' },
)
const browserShape = fc.constantFrom(
  { clientType: 'WEB_APPLICATION', redirectUris: [`https://app.example/\${X}`, 'http://localhost/b'] },
  { clientType: 'WEB_APPLICATION', redirectUris: [] },
  { clientType: 'SINGLE_PAGE_APPLICATION' },
  { clientType: 'MOBILE_APPLICATION', redirectUris: ['com.example.app:/callback'] },
)
// The first browser client of a pool has RSA keys made, which takes a while.
const shape = fc.oneof({ weight: 9, arbitrary: machineShape }, { weight: 1, arbitrary: browserShape })
const client = fc.record(
  {
    name,
    shape,
    accessTokenTtl: ttl,
    resources: fc.subarray(identifiers),
    scopes: fc.subarray(scopeNames),
    defaultResource: fc.constantFrom(...identifiers),
    // What was done to it since.
    second: fc.constantFrom('endless', 'long', 'short'),
    loses: fc.constantFrom('first', 'second'),
    becomes: fc.constantFrom('keyed', 'basic'),
  },
  { requiredKeys: ['name', 'shape'] },
)

const pool = fc.record(
  {
    name,
    description,
    projectName: name,
    signInAttributes: attributes,
    requiredSignUpAttributes: attributes,
    selfSignUpEnabled: fc.boolean(),
    accessTokenTtl: ttl,
    signingAlgorithm: fc.constantFrom('ES256', 'EdDSA'),
    defaultResource: fc.constantFrom(...identifiers, 'urn:example:to-come'),
    resources: fc.uniqueArray(resource, { selector: ({ identifier }) => identifier }),
    clients: fc.array(client, { maxLength: 4 }),
    // What was done to it since.
    enabled: fc.boolean(),
    default: fc.option(fc.constantFrom(...identifiers)),
    loses: fc.nat({ max: 3 }),
  },
  { requiredKeys: ['name', 'resources', 'clients'] },
)

/** The history of a directory: made by requests that the contract allows, and changed since in every way there is. */
export const anyHistory = fc.array(pool, { maxLength: 3 })
type PoolHistory = typeof pool extends fc.Arbitrary<infer T> ? T : never
type ClientHistory = PoolHistory['clients'][number]

function valid<S extends Parameters<typeof validate>[0]>(schema: S, value: unknown) {
  const checked = validate(schema, value)
  assert.ok(checked.ok, JSON.stringify(checked))
  return checked.value
}

/** Does it, where the directory lets it: what it refuses changes nothing. */
async function attempt(work: () => Promise<unknown>): Promise<void> {
  await work().catch((error: Error) => assert.equal(error.name, 'DirectoryError', String(error.stack)))
}

async function play(test: TestDirectory, history: PoolHistory, index: number): Promise<void> {
  const { pools, resources } = test.directory
  const { resources: wanted, clients: agents, enabled, default: chosen, loses, ...fields } = history
  const id = `pool-${index}`
  await pools.create(valid(poolCreate, { ...fields, id, name: `${fields.name}${index}` }))
  for (const one of wanted) {
    test.clock.advance(1)
    await resources.create(id, valid(resourceCreate, one))
  }
  for (const [at, one] of agents.entries()) await playClient(test, id, `client-${at}`, one)
  if (chosen !== undefined) await attempt(() => pools.update(id, { defaultResource: chosen }))
  if (enabled !== undefined) await pools.update(id, { enabled })
  const { items } = await resources.list(id, { limit: 10 })
  const gone = items[loses ?? -1]
  if (gone !== undefined) await resources.delete(id, gone.id)
}

async function playClient(test: TestDirectory, poolId: string, clientId: string, history: ClientHistory) {
  const { clients } = test.directory
  const { shape: own, second, loses, becomes, ...fields } = history
  const whole = valid(clientCreate, { ...own, name: fields.name, clientId })
  await clients.create(poolId, whole)
  const { name: _, ...grants } = fields
  for (const [field, value] of Object.entries(grants))
    await attempt(() => clients.update(poolId, clientId, valid(clientPatch, { [field]: value })))
  if (second !== undefined) await addSecond(test, poolId, clientId, second)
  if (loses !== undefined) await loseSecret(test, poolId, clientId, loses)
  const basic = { tokenEndpointAuthMethod: 'client_secret_basic', jwks: null, jwksUri: null }
  const other = { tokenEndpointAuthMethod: 'private_key_jwt', jwks }
  const patch = becomes === undefined ? {} : becomes === 'keyed' ? other : basic
  await attempt(() => clients.update(poolId, clientId, valid(clientPatch, patch)))
}

const lifetimes = { endless: null, long: 86_400_000, short: 1000 }

async function addSecond(
  { directory, clock }: TestDirectory,
  poolId: string,
  clientId: string,
  kind: keyof typeof lifetimes,
) {
  clock.advance(1)
  const lifetime = lifetimes[kind]
  const expiresAt = lifetime === null ? null : clock.now() + lifetime
  await attempt(() => directory.secrets.create(poolId, clientId, { expiresAt }))
}

async function loseSecret({ directory }: TestDirectory, poolId: string, clientId: string, which: 'first' | 'second') {
  const secrets = await directory.secrets.list(poolId, clientId)
  const secret = secrets[which === 'first' ? 0 : 1]
  if (secret !== undefined) await attempt(() => directory.secrets.delete(poolId, clientId, secret.id))
}

/** Plays it in an empty directory; what was short-lived has ended then. */
export async function playHistory(test: TestDirectory, history: readonly PoolHistory[]): Promise<void> {
  for (const [index, one] of history.entries()) await play(test, one, index)
  test.clock.advance(2000)
}

const byKey = (a: string, b: string) => (a < b ? -1 : 1)

/** What a directory holds, without what is new in every copy: ids of ours, times, revisions. */
export function comparable(contents: readonly PoolContent[]): unknown {
  const plain = contents.map(({ revision, createdAt, updatedAt, resources, clients, ...rest }) => ({
    ...rest,
    resources: resources
      .map(({ id, createdAt: made, updatedAt: changed, ...one }) => one)
      .sort((a, b) => byKey(a.identifier, b.identifier)),
    clients: clients
      .map(({ createdAt: made, updatedAt: changed, ...one }) => one)
      .sort((a, b) => byKey(a.clientId, b.clientId)),
  }))
  return plain.sort((a, b) => byKey(a.id, b.id))
}
