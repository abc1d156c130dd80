import { createAnnotationRooms } from './annotations.ts'
import { findClientRow, requirePool } from './client-row.ts'
import { createClient, deleteClient, listClients, updateClient } from './clients.ts'
import type { KeyRing } from './key-ring.ts'
import { listKeys, rotateKeys } from './keys.ts'
import { createPeopleRooms } from './people/rooms.ts'
import { createPool, deletePool, getPool, listPools, updatePool } from './pools.ts'
import { createResource, deleteResource, getResource, listResources, updateResource } from './resources.ts'
import { createSecret, deleteSecret, listSecrets, putSecrets } from './secrets.ts'
import type { Rooms } from './types.ts'
import type { Ground, Read, Write } from './unit.ts'

/** Runs a read in a pool, and refuses with `not_found` where there is no such pool. */
function inPool<T>(read: Read, poolId: string, work: (ground: Ground) => Promise<T>): Promise<T> {
  return read(async (ground) => {
    await requirePool(ground, poolId)
    return await work(ground)
  })
}

/** The rooms over a way to read and a way to write: each call a transaction of its own, or all of them in one. */
export function createRooms(read: Read, write: Write, ring: KeyRing): Rooms {
  return {
    pools: {
      create: (input) => write((unit) => createPool(unit, ring, input)),
      get: (poolId) => read((ground) => getPool(ground, poolId)),
      list: (page) => read((ground) => listPools(ground, page)),
      update: (poolId, patch, options = {}) => write((unit) => updatePool(unit, ring, poolId, patch, options)),
      delete: (poolId) => write((unit) => deletePool(unit, ring, poolId)),
    },
    clients: {
      create: (poolId, input) => write((unit) => createClient(unit, ring, poolId, input)),
      get: (poolId, clientId) => read((ground) => findClientRow(ground, poolId, clientId)),
      list: (poolId, page) => inPool(read, poolId, (ground) => listClients(ground, poolId, page)),
      update: (poolId, clientId, patch) => write((unit) => updateClient(unit, poolId, clientId, patch)),
      delete: (poolId, clientId) => write((unit) => deleteClient(unit, poolId, clientId)),
    },
    secrets: {
      create: (poolId, clientId, input = {}) => write((unit) => createSecret(unit, poolId, clientId, input)),
      list: (poolId, clientId) => read((ground) => listSecrets(ground, poolId, clientId)),
      delete: (poolId, clientId, secretId) => write((unit) => deleteSecret(unit, poolId, clientId, secretId)),
      put: (poolId, clientId, secrets, options = {}) =>
        write((unit) => putSecrets(unit, poolId, clientId, secrets, options.exact ?? false)),
    },
    resources: {
      create: (poolId, input) => write((unit) => createResource(unit, poolId, input)),
      get: (poolId, resourceId) => inPool(read, poolId, (ground) => getResource(ground, poolId, resourceId)),
      list: (poolId, page) => inPool(read, poolId, (ground) => listResources(ground, poolId, page)),
      update: (poolId, resourceId, patch) => write((unit) => updateResource(unit, poolId, resourceId, patch)),
      delete: (poolId, resourceId) => write((unit) => deleteResource(unit, poolId, resourceId)),
    },
    annotations: createAnnotationRooms(read, write),
    keys: {
      list: (poolId) => inPool(read, poolId, (ground) => listKeys(ground, poolId)),
      rotate: (poolId) => write((unit) => rotateKeys(unit, ring, poolId)),
    },
    ...createPeopleRooms(read, write),
  }
}
