import { sameResource } from '@postern/core'
import type { FieldError, SeedPool } from '@postern/server'
import { refuseFaults } from '../directory/refusals.ts'
import type { Task } from './task.ts'

/**
 * Refuses a pool's resource that is there twice in two spellings, for each entry would undo the other at every
 * application. One that is there twice in one spelling the contract refuses.
 */
export function refuseTwins(pools: readonly SeedPool[], absolute: Task['absolute']): void {
  refuseFaults(
    pools.flatMap(({ resources = [] }, at) =>
      twins(resources.map(({ identifier }) => absolute(identifier))).map((index): FieldError => {
        const field = `pools[${at}].resources[${index}].identifier`
        return { field, code: 'repeated', message: 'this resource is there twice; remove one' }
      }),
    ),
  )
}

/** Where a resource stands that stood before. */
function twins(identifiers: readonly string[]): number[] {
  return [...identifiers.keys()].filter((index) =>
    identifiers.slice(0, index).some((before) => sameResource(before, identifiers[index] ?? '')),
  )
}
