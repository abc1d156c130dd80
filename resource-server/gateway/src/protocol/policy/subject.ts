import type { AuthInfo } from '@postern/resource-server'
import type { AccessSubject } from '../../catalog/access/rules.ts'

/** A verified caller as rules see them. Groups are the claim `groups`: a list of names, or one. */
export function subjectOf({ kind, issuer, clientId, scopes, claims, extra }: AuthInfo): AccessSubject {
  const { apiKeyName } = extra
  return {
    kind: kind === 'api-key' ? 'api-key' : 'token',
    apiKeyName: kind === 'api-key' && typeof apiKeyName === 'string' ? apiKeyName : undefined,
    issuer: kind === 'api-key' ? undefined : issuer,
    clientId,
    scopes: new Set(scopes),
    groups: groupsOf(claims),
    claims,
  }
}

function groupsOf(claims: Readonly<Record<string, unknown>>): ReadonlySet<string> {
  const groups = Object.hasOwn(claims, 'groups') ? claims['groups'] : undefined
  const list: readonly unknown[] = Array.isArray(groups) ? groups : [groups]
  return new Set(list.filter((group) => typeof group === 'string'))
}
