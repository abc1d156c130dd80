import { sameResource } from '@postern/core'
import type { SeedPool } from '@postern/server'
import { refuseFaults } from '../directory/refusals.ts'
import type { Task } from './task.ts'

/** An entry that is there twice would undo itself at each application. */
export function refuseTwins(pools: readonly SeedPool[], absolute: Task['absolute']): void {
  const same = (a: string, b: string) => a === b || sameResource(absolute(a), absolute(b))
  const faults = [
    ...twins(pools, ({ id }) => id).map((index) => ({ field: `pools[${index}].id`, what: 'pool' })),
    ...pools.flatMap(({ clients = [], resources = [] }, at) => [
      ...twins(clients, ({ clientId }) => clientId).map((index) => ({
        field: `pools[${at}].clients[${index}].clientId`,
        what: 'client',
      })),
      ...twins(resources, ({ identifier }) => identifier, same).map((index) => ({
        field: `pools[${at}].resources[${index}].identifier`,
        what: 'resource',
      })),
    ]),
  ]
  refuseFaults(
    faults.map(({ field, what }) => ({ field, code: 'repeated', message: `this ${what} is there twice; remove one` })),
  )
}

/** Where something stands that stood before. */
function twins<T>(items: readonly T[], keyOf: (item: T) => string, same = (a: string, b: string) => a === b): number[] {
  const keys = items.map(keyOf)
  return keys.flatMap((key, index) => (keys.findIndex((other) => same(other, key)) === index ? [] : [index]))
}
