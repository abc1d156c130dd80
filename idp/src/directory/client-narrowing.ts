import { limits } from '../limits.ts'
import { narrowGrants } from './client-grants.ts'
import { sameColumns } from './merge.ts'
import { clientFromRow, jsonOrNull } from './rows.ts'
import type { Client, Resource } from './types.ts'
import type { Unit } from './unit.ts'

async function restrictedClients({ db }: Unit, poolId: string, after: string): Promise<readonly Client[]> {
  const rows = await db
    .selectFrom('client')
    .selectAll()
    .where('pool_id', '=', poolId)
    .where('client_id', '>', after)
    .where((eb) =>
      eb.or([eb('resources', 'is not', null), eb('scopes', 'is not', null), eb('default_resource', 'is not', null)]),
    )
    .orderBy('client_id')
    .limit(limits.walkRows)
    .execute()
  return rows.map(clientFromRow)
}

async function narrow(unit: Unit, client: Client, resources: readonly Resource[]): Promise<void> {
  const grants = narrowGrants(client, resources)
  const { resources: left, scopes, defaultResource } = client
  if (sameColumns(grants, { resources: left, scopes, defaultResource })) return
  await unit.db
    .updateTable('client')
    .set({
      resources: jsonOrNull(grants.resources),
      scopes: jsonOrNull(grants.scopes),
      default_resource: grants.defaultResource,
      updated_at: unit.now,
    })
    .where('pool_id', '=', client.poolId)
    .where('client_id', '=', client.clientId)
    .execute()
  const { poolId, clientId } = client
  unit.event({ kind: 'admin.changed', outcome: 'ok', reason: 'updated', poolId, clientId })
}

/** After a resource or a scope went: takes it out of the lists of the clients that name it. */
export async function narrowClients(unit: Unit, poolId: string, resources: readonly Resource[]): Promise<void> {
  let after = ''
  for (;;) {
    const clients = await restrictedClients(unit, poolId, after)
    for (const client of clients) await narrow(unit, client, resources)
    const last = clients.at(-1)
    if (last === undefined || clients.length < limits.walkRows) return
    after = last.clientId
  }
}
