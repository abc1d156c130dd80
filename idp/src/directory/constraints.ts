import type { DirectoryError } from './directory-error.ts'
import { duplicate } from './refusals.ts'

interface Constraint {
  /** Its name in Postgres. */
  readonly name: string
  /** What SQLite names instead. */
  readonly columns: string
  readonly refuse: () => DirectoryError
}

const constraints: readonly Constraint[] = [
  {
    name: 'pool_pkey',
    columns: 'pool.id',
    refuse: () => duplicate('id', 'A user pool with this id exists; choose another id, or leave it out.'),
  },
  {
    name: 'pool_name',
    columns: 'pool.project_name, pool.name',
    refuse: () =>
      duplicate('name', 'The project has a user pool with this name; choose another name or another projectName.'),
  },
  {
    name: 'client_key',
    columns: 'client.pool_id, client.client_id',
    refuse: () =>
      duplicate('clientId', 'The pool has a client with this id; choose another clientId, or leave it out.'),
  },
  {
    name: 'client_secret_hash',
    columns: 'client_secret.pool_id, client_secret.client_id, client_secret.hash',
    refuse: () => duplicate('clientSecret', 'The client has this very secret; send another, or leave it out.'),
  },
  {
    name: 'resource_identifier',
    columns: 'resource.pool_id, resource.identifier',
    refuse: () => duplicate('identifier', 'The pool has a resource with this identifier; change that one instead.'),
  },
  {
    name: 'user_key',
    columns: 'user_account.pool_id, user_account.id',
    refuse: () => duplicate('id', 'The pool has a user with this id; choose another id, or leave it out.'),
  },
  {
    name: 'user_name_key',
    columns: 'user_name.pool_id, user_name.name_key',
    refuse: () => duplicate('', 'Another user of the pool signs in with one of these names; choose another.'),
  },
  {
    name: 'group_key',
    columns: 'user_group.pool_id, user_group.id',
    refuse: () => duplicate('id', 'The pool has a group with this id; choose another id, or leave it out.'),
  },
]

function property(error: unknown, name: string): unknown {
  return typeof error === 'object' && error !== null ? Reflect.get(error, name) : undefined
}

function violated(error: unknown): Constraint | undefined {
  const code = property(error, 'code')
  if (code === '23505') return constraints.find((constraint) => constraint.name === property(error, 'constraint'))
  if (code !== 'SQLITE_CONSTRAINT_UNIQUE' && code !== 'SQLITE_CONSTRAINT_PRIMARYKEY') return undefined
  const message = String(property(error, 'message'))
  return constraints.find((constraint) => message.endsWith(`failed: ${constraint.columns}`))
}

/** The database guards uniqueness; here its complaint becomes a refusal. Any other error is returned as it is. */
export function refusalOf(error: unknown): unknown {
  return violated(error)?.refuse() ?? error
}
