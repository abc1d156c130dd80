import { checkResource, sameResource } from '@postern/core'
import type { FieldError } from '@postern/server'
import type { Client, Resource } from './types.ts'

/** What a client may ask tokens for. */
export type Grants = Pick<Client, 'resources' | 'scopes' | 'defaultResource'>

interface Checked {
  readonly grants: Grants
  readonly faults: readonly FieldError[]
}

function findResource(text: string, field: string, resources: readonly Resource[]): Resource | FieldError {
  const checked = checkResource(text)
  if (!checked.ok) return { field, code: 'invalid', message: checked.message }
  const found = resources.find((resource) => sameResource(resource.identifier, checked.resource))
  const message = 'the pool has no such resource; create it first'
  return found ?? { field, code: 'not_found', message }
}

function checkResources(wanted: readonly string[], known: readonly Resource[]) {
  const faults: FieldError[] = []
  const granted = new Set<Resource>()
  for (const [index, text] of wanted.entries()) {
    const field = `resources[${index}]`
    const found = findResource(text, field, known)
    if ('field' in found) faults.push(found)
    else if (granted.has(found))
      faults.push({ field, code: 'repeated', message: 'a resource is listed once; remove it' })
    else granted.add(found)
  }
  return { granted: [...granted], faults }
}

function checkDefault(wanted: string | null, granted: readonly Resource[], known: readonly Resource[]) {
  if (wanted === null) return { identifier: null, faults: [] }
  const field = 'defaultResource'
  const found = findResource(wanted, field, known)
  if ('field' in found) return { identifier: wanted, faults: [found] }
  const message = "must be one of the client's resources; add it to resources or name another"
  const faults: FieldError[] = granted.includes(found) ? [] : [{ field, code: 'invalid', message }]
  return { identifier: found.identifier, faults }
}

function checkScopes(wanted: readonly string[], granted: readonly Resource[]): FieldError[] {
  const names = scopeNames(granted)
  return wanted.flatMap((scope, index): FieldError[] => {
    const field = `scopes[${index}]`
    if (wanted.indexOf(scope) < index)
      return [{ field, code: 'repeated', message: 'a scope is listed once; remove it' }]
    const message = "none of the client's resources has this scope; add it to a resource first, or remove it here"
    return names.has(scope) ? [] : [{ field, code: 'not_found', message }]
  })
}

function scopeNames(resources: readonly Resource[]): ReadonlySet<string> {
  return new Set(resources.flatMap((resource) => resource.scopes.map((scope) => scope.name)))
}

/** Checks what a client asks for against the resources of its pool, and puts identifiers in their canonical spelling. */
export function checkGrants(wanted: Grants, known: readonly Resource[]): Checked {
  const listed = wanted.resources === null ? null : checkResources(wanted.resources, known)
  const granted = listed?.granted ?? known
  const fallback = checkDefault(wanted.defaultResource, granted, known)
  // A wrong resource would make scopes look wrong that are not.
  const complete = listed === null || listed.faults.length === 0
  const scopes = wanted.scopes === null || !complete ? [] : checkScopes(wanted.scopes, granted)
  const grants = {
    resources: listed?.granted.map((resource) => resource.identifier) ?? null,
    scopes: wanted.scopes,
    defaultResource: fallback.identifier,
  }
  return { grants, faults: [...(listed?.faults ?? []), ...scopes, ...fallback.faults] }
}

/**
 * What is left of a client's grants once the pool has these resources only. A list never becomes `null`, which would
 * widen it to everything.
 */
export function narrowGrants(present: Grants, known: readonly Resource[]): Grants {
  const identifiers = new Set(known.map((resource) => resource.identifier))
  const resources = present.resources?.filter((identifier) => identifiers.has(identifier)) ?? null
  const granted = resources === null ? known : known.filter((resource) => resources.includes(resource.identifier))
  const names = scopeNames(granted)
  const keepsDefault = granted.some((resource) => resource.identifier === present.defaultResource)
  return {
    resources,
    scopes: present.scopes?.filter((scope) => names.has(scope)) ?? null,
    defaultResource: keepsDefault ? present.defaultResource : null,
  }
}
