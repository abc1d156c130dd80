import { createId } from '@postern/core'
import {
  clientRules,
  defaultAuthMethod,
  defaultGrantTypes,
  type FieldError,
  generateSecret,
  hashSecret,
} from '@postern/server'
import { needsSecret } from './client-authentication.ts'
import { checkGrants } from './client-grants.ts'
import { jwksFaults } from './client-jwks.ts'
import { findClientRow } from './client-row.ts'
import { refuseInProduction } from './development-only.ts'
import type { KeyRing } from './key-ring.ts'
import { ensureKeys, idTokenAlgorithm } from './keys.ts'
import { merged, sameColumns } from './merge.ts'
import { cutPage, isOnPage } from './pages.ts'
import { lockPool, touchPool } from './pool-lock.ts'
import { conflict, immutable, refuseFaults } from './refusals.ts'
import { allResources } from './resources.ts'
import { noteBack, noteEnded } from './revocations/endings.ts'
import { clientColumns, clientFromRow } from './rows.ts'
import { addSecret, addSecrets, liveSecrets } from './secret-rows.ts'
import type { Client, ClientInput, ClientPatch, ClientType, CreatedClient, Page, PageRequest } from './types.ts'
import type { Ground, Unit } from './unit.ts'

type ClientFields = Omit<Client, 'poolId' | 'clientId' | 'createdAt' | 'updatedAt'>

function emptyClient(name: string, clientType: ClientType): ClientFields {
  return {
    name,
    clientType,
    tokenEndpointAuthMethod: defaultAuthMethod(clientType),
    jwks: null,
    jwksUri: null,
    redirectUris: [],
    scopes: null,
    resources: null,
    defaultResource: null,
    accessTokenTtl: null,
    grantTypes: defaultGrantTypes(clientType),
    postLogoutRedirectUris: [],
    logoUri: null,
    clientUri: null,
    refreshTokenTtl: null,
    skipConsentEnabled: false,
    unattendedUser: null,
    registration: 'management',
    expiresAt: null,
  }
}

function mergeClient(present: ClientFields, patch: ClientPatch): ClientFields {
  const clientType = patch.clientType ?? present.clientType
  return {
    name: patch.name ?? present.name,
    clientType,
    tokenEndpointAuthMethod: merged(
      patch.tokenEndpointAuthMethod,
      present.tokenEndpointAuthMethod,
      defaultAuthMethod(clientType),
    ),
    jwks: merged(patch.jwks, present.jwks, null),
    jwksUri: merged(patch.jwksUri, present.jwksUri, null),
    redirectUris: merged(patch.redirectUris, present.redirectUris, []),
    scopes: merged(patch.scopes, present.scopes, null),
    resources: merged(patch.resources, present.resources, null),
    defaultResource: merged(patch.defaultResource, present.defaultResource, null),
    accessTokenTtl: merged(patch.accessTokenTtl, present.accessTokenTtl, null),
    grantTypes: merged(patch.grantTypes, present.grantTypes, defaultGrantTypes(clientType)),
    postLogoutRedirectUris: merged(patch.postLogoutRedirectUris, present.postLogoutRedirectUris, []),
    logoUri: merged(patch.logoUri, present.logoUri, null),
    clientUri: merged(patch.clientUri, present.clientUri, null),
    refreshTokenTtl: merged(patch.refreshTokenTtl, present.refreshTokenTtl, null),
    skipConsentEnabled: merged(patch.skipConsentEnabled, present.skipConsentEnabled, false),
    unattendedUser: merged(patch.unattendedUser, present.unattendedUser, null),
    registration: present.registration,
    expiresAt: present.expiresAt,
  }
}

/** The rules over several fields, on what the client would be. */
function shapeFaults(client: ClientFields, { clientSecret }: Pick<ClientInput, 'clientSecret'>): FieldError[] {
  const { clientType, tokenEndpointAuthMethod, redirectUris } = client
  const rules = clientRules({
    clientType,
    tokenEndpointAuthMethod,
    clientSecret,
    jwks: client.jwks ?? undefined,
    jwksUri: client.jwksUri ?? undefined,
    redirectUris,
    postLogoutRedirectUris: client.postLogoutRedirectUris,
    grantTypes: client.grantTypes,
  })
  return [...rules, ...jwksFaults(client.jwks?.keys ?? [])]
}

/** Runs every check on what the client would be, and puts its resources in their canonical spelling. */
async function checkedClient(
  unit: Unit,
  poolId: string,
  client: ClientFields,
  input: Pick<ClientInput, 'clientSecret'>,
): Promise<ClientFields> {
  const { grants, faults } = checkGrants(client, await allResources(unit, poolId))
  refuseFaults([...shapeFaults(client, input), ...faults])
  return { ...client, ...grants }
}

async function addFirstSecrets(unit: Unit, client: Client, input: ClientInput): Promise<string | undefined> {
  if (input.hashedSecrets !== undefined) {
    await addSecrets(unit, client, input.hashedSecrets)
    return undefined
  }
  if (!needsSecret(client)) return undefined
  const clientSecret = input.clientSecret ?? generateSecret()
  await addSecret(unit, client, { hash: hashSecret(clientSecret), expiresAt: null })
  return clientSecret
}

/** Browser clients expect ID tokens in RS256, whatever the pool signs access tokens with. */
async function addIdTokenKeys(unit: Unit, ring: KeyRing, client: Client): Promise<void> {
  if (client.clientType !== 'MACHINE_TO_MACHINE') await ensureKeys(unit, ring, client.poolId, idTokenAlgorithm)
}

export async function createClient(
  unit: Unit,
  ring: KeyRing,
  poolId: string,
  input: ClientInput,
): Promise<CreatedClient> {
  await lockPool(unit, poolId)
  refuseInProduction(unit.mode, input)
  const wanted = mergeClient(emptyClient(input.name, input.clientType), input)
  const checked = await checkedClient(unit, poolId, wanted, input)
  const { registration = 'management', expiresAt = null } = input
  const fields = { ...checked, registration, expiresAt }
  const clientId = input.clientId ?? createId()
  const client: Client = { poolId, clientId, ...fields, createdAt: unit.now, updatedAt: unit.now }
  await unit.db
    .insertInto('client')
    .values({
      pool_id: poolId,
      client_id: clientId,
      ...clientColumns(fields),
      created_at: unit.now,
      updated_at: unit.now,
    })
    .execute()
  await noteBack(unit, poolId, 'client', clientId)
  const clientSecret = await addFirstSecrets(unit, client, input)
  await addIdTokenKeys(unit, ring, client)
  await touchPool(unit, poolId)
  unit.event({ kind: 'admin.changed', outcome: 'ok', reason: 'created', poolId, clientId })
  return clientSecret === undefined ? { client } : { client, clientSecret }
}

function refuseTypeChange(present: ClientFields, after: ClientFields): void {
  if (present.clientType === after.clientType) return
  throw immutable('clientType', 'clientType cannot change once the client exists; make another client.')
}

async function refuseMissingSecret(unit: Unit, present: Client, after: ClientFields): Promise<void> {
  if (needsSecret(present) || !needsSecret(after)) return
  if ((await liveSecrets(unit, present)).length > 0) return
  throw conflict(
    'conflict',
    `${after.tokenEndpointAuthMethod} needs a secret and the client has none; add one to its secrets first.`,
  )
}

export async function updateClient(unit: Unit, poolId: string, clientId: string, patch: ClientPatch): Promise<Client> {
  await lockPool(unit, poolId)
  const client = await findClientRow(unit, poolId, clientId)
  refuseInProduction(unit.mode, patch)
  const wanted = mergeClient(client, patch)
  refuseTypeChange(client, wanted)
  const fields = await checkedClient(unit, poolId, wanted, {})
  const columns = clientColumns(fields)
  if (sameColumns(columns, clientColumns(client))) return client
  await refuseMissingSecret(unit, client, fields)
  await unit.db
    .updateTable('client')
    .set({ ...columns, updated_at: unit.now })
    .where('pool_id', '=', poolId)
    .where('client_id', '=', clientId)
    .execute()
  await touchPool(unit, poolId)
  unit.event({ kind: 'admin.changed', outcome: 'ok', reason: 'updated', poolId, clientId })
  return { ...client, ...fields, updatedAt: unit.now }
}

export async function deleteClient(unit: Unit, poolId: string, clientId: string): Promise<void> {
  await lockPool(unit, poolId)
  await findClientRow(unit, poolId, clientId)
  await noteEnded(unit, poolId, 'client', clientId)
  await unit.db.deleteFrom('client').where('pool_id', '=', poolId).where('client_id', '=', clientId).execute()
  await touchPool(unit, poolId)
  unit.event({ kind: 'admin.changed', outcome: 'ok', reason: 'deleted', poolId, clientId })
}

export async function listClients({ db }: Ground, poolId: string, page: PageRequest): Promise<Page<Client>> {
  const rows = await db
    .selectFrom('client')
    .selectAll()
    .where('pool_id', '=', poolId)
    .where(isOnPage(page, ['created_at', 'client_id']))
    .orderBy('created_at')
    .orderBy('client_id')
    .limit(page.limit + 1)
    .execute()
  return cutPage(rows.map(clientFromRow), page, (client) => ({ at: client.createdAt, id: client.clientId }))
}
