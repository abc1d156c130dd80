import type { Seed } from '../../contract/seed.ts'
import { didYouMean } from '../../contract/suggest.ts'
import type { FieldError } from '../../contract/validate.ts'

/** What one entry of a seed says of another: nothing occurs twice, and pools that are named are there. */
export function crossChecks(seed: Seed): FieldError[] {
  return [...poolChecks(seed), ...serviceChecks(seed), ...accessKeyChecks(seed)]
}

function poolChecks({ pools }: Seed): FieldError[] {
  return [
    ...repetitions(
      pools,
      (pool) => pool.id,
      (index) => `pools[${index}].id`,
    ),
    ...repetitions(
      pools,
      (pool) => `${pool.projectName}\n${pool.name ?? pool.id}`,
      (index) => `pools[${index}].name`,
    ),
    ...pools.flatMap((pool, at) => [
      ...repetitions(
        pool.clients ?? [],
        (client) => client.clientId,
        (index) => `pools[${at}].clients[${index}].clientId`,
      ),
      ...repetitions(
        pool.resources ?? [],
        (one) => one.identifier,
        (index) => `pools[${at}].resources[${index}].identifier`,
      ),
    ]),
  ]
}

function serviceChecks({ services, pools }: Seed): FieldError[] {
  return [
    ...repetitions(
      services,
      (service) => service.id,
      (index) => `services[${index}].id`,
    ),
    ...repetitions(
      services,
      (service) => service.path,
      (index) => `services[${index}].path`,
    ),
    ...services.flatMap((service, at) =>
      (service.authorizers ?? []).flatMap((authorizer, index) => {
        const named = authorizer.type === 'CustomJWT' ? authorizer.pool : undefined
        if (named === undefined || pools.some((pool) => pool.id === named)) return []
        const mend =
          didYouMean(
            named,
            pools.map((pool) => pool.id),
          ) || '; add it, or give discoveryUrl for a pool that is made elsewhere'
        const message = `there is no pool ${named} in this file${mend}`
        return [{ field: `services[${at}].authorizers[${index}].pool`, code: 'not_found' as const, message }]
      }),
    ),
  ]
}

function accessKeyChecks({ accessKeys }: Seed): FieldError[] {
  return repetitions(
    accessKeys,
    (key) => key.accessKeyId,
    (index) => `accessKeys[${index}].accessKeyId`,
  )
}

function repetitions<T>(
  items: readonly T[],
  keyOf: (item: T) => string,
  fieldOf: (index: number) => string,
): FieldError[] {
  const first = new Map<string, number>()
  return items.flatMap((item, index) => {
    const key = keyOf(item)
    const before = first.get(key)
    if (before === undefined) {
      first.set(key, index)
      return []
    }
    return [
      {
        field: fieldOf(index),
        code: 'repeated' as const,
        message: `is the same as ${fieldOf(before)}; give each its own`,
      },
    ]
  })
}
