import type { Seed, SeedAuthorizer } from '../../contract/seed.ts'
import { didYouMean } from '../../contract/suggest.ts'
import type { FieldError } from '../../contract/validate.ts'

/** What the services and toolsets of a file name is in the file, and none has the id or path of another. */
export function crossChecks(seed: Seed): FieldError[] {
  return [...poolsNamed(seed), ...servicesNamed(seed), ...places(seed)]
}

interface Served {
  readonly authorizers?: readonly SeedAuthorizer[]
}

function poolsNamed({ services, toolsets, pools }: Seed): FieldError[] {
  const ids = pools.map(({ id }) => id)
  const known = new Set(ids)
  const of = (field: string, list: readonly Served[]) =>
    list.flatMap(({ authorizers = [] }, at) =>
      authorizers.flatMap((authorizer, index): FieldError[] => {
        const named = authorizer.type === 'CustomJWT' ? authorizer.pool : undefined
        if (named === undefined || known.has(named)) return []
        const mend = didYouMean(named, ids) || '; add it, or give discoveryUrl for a pool that is made elsewhere'
        const message = `there is no pool ${named} in this file${mend}`
        return [{ field: `${field}[${at}].authorizers[${index}].pool`, code: 'not_found', message }]
      }),
    )
  return [...of('services', services), ...of('toolsets', toolsets)]
}

function servicesNamed({ services, toolsets }: Seed): FieldError[] {
  const ids = services.map(({ id }) => id)
  const known = new Set(ids)
  return toolsets.flatMap(({ serviceIds }, at) =>
    serviceIds.flatMap((named, index): FieldError[] => {
      if (known.has(named)) return []
      const message = `there is no service ${named} in this file${didYouMean(named, ids) || '; add it, or leave it out'}`
      return [{ field: `toolsets[${at}].serviceIds[${index}]`, code: 'not_found', message }]
    }),
  )
}

function places({ services, toolsets }: Seed): FieldError[] {
  return toolsets.flatMap((toolset, at) =>
    (['id', 'path'] as const).flatMap((field): FieldError[] => {
      const other = services.findIndex((service) => service[field] === toolset[field])
      if (other === -1) return []
      const message = `is the same as services[${other}].${field}; give each its own`
      return [{ field: `toolsets[${at}].${field}`, code: 'repeated', message }]
    }),
  )
}
