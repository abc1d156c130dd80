import type { Seed } from '../../contract/seed.ts'
import { didYouMean } from '../../contract/suggest.ts'
import type { FieldError } from '../../contract/validate.ts'

/** The pools that services of a file name are in the file. */
export function crossChecks({ services, pools }: Seed): FieldError[] {
  const ids = pools.map(({ id }) => id)
  const known = new Set(ids)
  return services.flatMap(({ authorizers = [] }, at) =>
    authorizers.flatMap((authorizer, index): FieldError[] => {
      const named = authorizer.type === 'CustomJWT' ? authorizer.pool : undefined
      if (named === undefined || known.has(named)) return []
      const mend = didYouMean(named, ids) || '; add it, or give discoveryUrl for a pool that is made elsewhere'
      const message = `there is no pool ${named} in this file${mend}`
      return [{ field: `services[${at}].authorizers[${index}].pool`, code: 'not_found', message }]
    }),
  )
}
