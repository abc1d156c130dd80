import { type ParsedUrlQuery, parse, stringify } from 'node:querystring'
import type { HotPool } from '../directory/types.ts'
import { findResource } from './access.ts'

/**
 * The parameters of an authorization or token request with `resource` as the pool spells it (RFC 8707 §2), for
 * oidc-provider compares by the letter; and without `offline_access`, which nobody needs here: refresh tokens follow
 * from the grant types of a client. undefined: there was nothing to change.
 */
export function respell(pool: HotPool, params: ParsedUrlQuery): ParsedUrlQuery | undefined {
  const resource = respellResource(pool, params['resource'])
  const scope = dropOfflineAccess(params['scope'])
  if (resource === params['resource'] && scope === params['scope']) return undefined
  return { ...params, resource, scope }
}

/** The query of an authorization request, respelled; given and returned with its `?`. */
export function respellQuery(pool: HotPool, query: string): string {
  if (!query.includes('resource=') && !query.includes('offline_access')) return query
  const respelled = respell(pool, parse(query.slice(1)))
  return respelled === undefined ? query : `?${toForm(respelled)}`
}

/** Parameters as a form; those without a value are left out. */
export function toForm(params: ParsedUrlQuery): string {
  return stringify(Object.fromEntries(Object.entries(params).filter(([, value]) => value !== undefined)))
}

type Value = string | string[] | undefined

function respellResource(pool: HotPool, sent: Value): Value {
  if (typeof sent === 'string') return findResource(pool, sent)?.identifier ?? sent
  if (sent === undefined) return undefined
  const respelled = sent.map((one) => findResource(pool, one)?.identifier ?? one)
  return respelled.every((one, index) => one === sent[index]) ? sent : respelled
}

const offlineAccess = 'offline_access'

function dropOfflineAccess(scope: Value): Value {
  if (typeof scope !== 'string' || !scope.includes(offlineAccess)) return scope
  const names = scope.split(' ')
  if (!names.includes(offlineAccess)) return scope
  const kept = names.filter((name) => name !== offlineAccess)
  return kept.length === 0 ? undefined : kept.join(' ')
}
