import type { Read, Write } from '../unit.ts'
import { addMember, createGroup, deleteGroup, listGroups, listMembers, removeMember, updateGroup } from './groups.ts'
import type { GroupRooms, UserRooms } from './types.ts'
import { readPool, requireGroup } from './user-row.ts'
import { createUser, deleteUser, getUser, listUsers, setPassword, updateUser } from './users.ts'

export function createPeopleRooms(read: Read, write: Write): { users: UserRooms; groups: GroupRooms } {
  return {
    users: {
      create: (poolId, input) => write((unit) => createUser(unit, poolId, input)),
      get: (poolId, userId) => read((ground) => getUser(ground, poolId, userId)),
      list: (poolId, page, filter = {}) =>
        read(async (ground) => {
          await readPool(ground, poolId)
          return await listUsers(ground, poolId, page, filter)
        }),
      update: (poolId, userId, patch) => write((unit) => updateUser(unit, poolId, userId, patch)),
      delete: (poolId, userId) => write((unit) => deleteUser(unit, poolId, userId)),
      setPassword: (poolId, userId, password, options = {}) =>
        write((unit) => setPassword(unit, poolId, userId, password, options.permanent ?? false)),
    },
    groups: {
      create: (poolId, input) => write((unit) => createGroup(unit, poolId, input)),
      get: (poolId, groupId) => read((ground) => requireGroup(ground, poolId, groupId)),
      list: (poolId, page) =>
        read(async (ground) => {
          await readPool(ground, poolId)
          return await listGroups(ground, poolId, page)
        }),
      update: (poolId, groupId, patch) => write((unit) => updateGroup(unit, poolId, groupId, patch)),
      delete: (poolId, groupId) => write((unit) => deleteGroup(unit, poolId, groupId)),
      addMember: (poolId, groupId, userId) => write((unit) => addMember(unit, poolId, groupId, userId)),
      removeMember: (poolId, groupId, userId) => write((unit) => removeMember(unit, poolId, groupId, userId)),
      members: (poolId, groupId, page) => read((ground) => listMembers(ground, poolId, groupId, page)),
    },
  }
}
