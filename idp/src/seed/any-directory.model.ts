import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import {
  clientCreate,
  clientPatch,
  groupCreate,
  poolCreate,
  resourceCreate,
  userCreate,
  validate,
} from '@postern/server'
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
  { clientType: 'SINGLE_PAGE_APPLICATION', skipConsentEnabled: true, postLogoutRedirectUris: ['https://app.example/'] },
  {
    clientType: 'MOBILE_APPLICATION',
    redirectUris: ['com.example.app:/callback'],
    grantTypes: ['authorization_code'],
    logoUri: 'https://app.example/logo',
    clientUri: 'https://app.example/',
    refreshTokenTtl: 60,
    unattendedUser: 'u0',
  },
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

const groupIds = ['g0', 'g1', 'g2']
const hash = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc'
const user = fc.record(
  {
    name,
    nickname: name,
    locale: fc.constantFrom('en', 'zh-Hans-CN'),
    metadata: fc.dictionary(fc.constantFrom('a', 'b', '__proto__x'), fc.oneof(word, fc.integer(), fc.constant([null]))),
    groups: fc.subarray(groupIds),
    status: fc.constantFrom('UNCONFIRMED', 'CONFIRMED', 'FORCE_CHANGE_PASSWORD', 'DISABLED'),
    email: fc.boolean(),
    emailVerified: fc.boolean(),
    phone: fc.boolean(),
    hashed: fc.boolean(),
    signedUp: fc.boolean(),
  },
  { requiredKeys: ['hashed', 'signedUp'] },
)
const people = fc.record(
  {
    passwordPolicy: fc.record({ minLength: fc.integer({ min: 6, max: 64 }), requireSymbols: fc.boolean() }),
    brand: fc.record({ name, logoUri: fc.constant('https://a.example/logo') }, { requiredKeys: [] }),
    selfAccountRecoveryEnabled: fc.boolean(),
    signUpAutoVerificationEnabled: fc.boolean(),
    refreshTokenTtl: fc.integer({ min: 60, max: 1000 }),
    refreshTokenGrace: fc.integer({ min: 0, max: 300 }),
    dynamicRegistrationEnabled: fc.boolean(),
    clientIdMetadataDocumentsEnabled: fc.boolean(),
    deviceFlowEnabled: fc.boolean(),
    audience: fc.constantFrom('resource', 'client_id'),
    unattendedUser: fc.constantFrom('u0', 'alice'),
  },
  { requiredKeys: [] },
)

const pool = fc.record(
  {
    people,
    groups: fc.array(fc.record({ description, precedence: fc.nat(9) }, { requiredKeys: [] }), { maxLength: 3 }),
    users: fc.array(user, { maxLength: 4 }),
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
  { requiredKeys: ['name', 'resources', 'clients', 'people', 'groups', 'users'] },
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
  const { resources: wanted, clients: agents, enabled, default: chosen, loses, ...others } = history
  const { people: settings, groups, users, ...own } = others
  const fields = { ...own, ...settings }
  const id = `pool-${index}`
  await pools.create(valid(poolCreate, { ...fields, id, name: `${fields.name}${index}` }))
  for (const one of wanted) {
    test.clock.advance(1)
    await resources.create(id, valid(resourceCreate, one))
  }
  for (const [at, one] of groups.entries())
    await test.directory.groups.create(id, valid(groupCreate, { ...one, id: groupIds[at], name: `Group ${at}` }))
  for (const [at, one] of users.entries()) await playUser(test, id, at, one)
  for (const [at, one] of agents.entries()) await playClient(test, id, `client-${at}`, one)
  if (chosen !== undefined) await attempt(() => pools.update(id, { defaultResource: chosen }))
  if (enabled !== undefined) await pools.update(id, { enabled })
  const { items } = await resources.list(id, { limit: 10 })
  const gone = items[loses ?? -1]
  if (gone !== undefined) await resources.delete(id, gone.id)
}

async function playUser(
  { directory }: TestDirectory,
  poolId: string,
  at: number,
  history: PoolHistory['users'][number],
) {
  const { email, phone, hashed, signedUp, emailVerified, ...fields } = history
  const input = {
    ...fields,
    id: `u${at}`,
    preferredUsername: `user-${at}`,
    ...(email === true
      ? { email: `U${at}@mail.example`, ...(emailVerified === undefined ? {} : { emailVerified }) }
      : {}),
    ...(phone === true ? { phoneNumber: `+861380000000${at}` } : {}),
  }
  const whole = { ...valid(userCreate, input), signedUp, ...(hashed ? { passwordHash: hash } : {}) }
  await attempt(() => directory.users.create(poolId, whole))
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
  const plain = contents.map(({ revision, createdAt, updatedAt, resources, clients, users, groups, ...rest }) => ({
    ...rest,
    users: users.map(({ createdAt: made, updatedAt: changed, ...one }) => one).sort((a, b) => byKey(a.id, b.id)),
    groups: groups.map(({ createdAt: made, updatedAt: changed, ...one }) => one).sort((a, b) => byKey(a.id, b.id)),
    resources: resources
      .map(({ id, createdAt: made, updatedAt: changed, ...one }) => one)
      .sort((a, b) => byKey(a.identifier, b.identifier)),
    clients: clients
      .map(({ createdAt: made, updatedAt: changed, ...one }) => one)
      .sort((a, b) => byKey(a.clientId, b.clientId)),
  }))
  return plain.sort((a, b) => byKey(a.id, b.id))
}
