import { z } from 'zod'
import { limits } from '../limits.ts'
import { repeats } from './repeats.ts'
import { clearable, description, immutable, name, resourceId, scopeList, scopeToken, timeOut, ttl } from './scalars.ts'
import { didYouMean } from './suggest.ts'
import { type FieldError, strict, withRules } from './validate.ts'

const scope = strict({
  name: scopeToken,
  description: description.exactOptional(),
  implies: scopeList.exactOptional(),
})

/** A resource's scopes: each once, and what one implies is there. */
export const resourceScopes = withRules(z.array(scope).max(limits.scopes), scopeRules)
export type ResourceScope = z.output<typeof scope>

function scopeRules(scopes: readonly ResourceScope[]): FieldError[] {
  const twice = repeats(
    scopes,
    ({ name }) => name,
    '.name',
    (first) => `is the name of ${first} too; remove one`,
  )
  return [...twice, ...unknownImplied(scopes)]
}

/** Of scopes that are not there; the first hundred, for each is compared with every name. */
function unknownImplied(scopes: readonly ResourceScope[]): FieldError[] {
  const names = new Set(scopes.map(({ name }) => name))
  return scopes
    .flatMap(({ implies = [] }, index) =>
      implies.flatMap((name, at) => (names.has(name) ? [] : [{ name, field: `[${index}].implies[${at}]` }])),
    )
    .slice(0, limits.fieldErrors)
    .map(({ name, field }) => {
      const mend = didYouMean(name, names) || '; add it to scopes, or remove it here'
      return { field, code: 'not_found', message: `is no scope of this resource${mend}` }
    })
}

export const resourceCreate = strict({
  identifier: resourceId,
  name: name.exactOptional(),
  scopes: resourceScopes.exactOptional(),
  accessTokenTtl: ttl.exactOptional(),
}).meta({ id: 'ResourceCreate' })
export type ResourceCreate = z.output<typeof resourceCreate>

export const resourcePatch = strict({
  name: clearable(name),
  scopes: clearable(resourceScopes),
  accessTokenTtl: clearable(ttl),
  identifier: resourceId.exactOptional().meta({ description: 'Cannot change.' }),
  id: immutable('make another resource'),
}).meta({ id: 'ResourcePatch' })
export type ResourcePatch = z.output<typeof resourcePatch>

export const resourceReply = z
  .object({
    id: z.string(),
    identifier: z.string(),
    name: name.exactOptional(),
    scopes: z.array(
      z.object({
        name: z.string(),
        description: z.string().exactOptional(),
        implies: z.array(z.string()).exactOptional(),
      }),
    ),
    accessTokenTtl: ttl.exactOptional(),
    createdAt: timeOut,
    updatedAt: timeOut,
  })
  .meta({ id: 'Resource' })
export type ResourceReply = z.output<typeof resourceReply>
