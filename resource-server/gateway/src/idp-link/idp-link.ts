import { FetchProblem, guardedFetch, parseJson, type ScopeHierarchy, sameResource } from '@postern/core'
import { listReply, resourceReply } from '@postern/server'
import { limits } from '../limits.ts'
import type { IdpLink, Registration, ResourceRequest } from './types.ts'

export interface IdpLinkOptions {
  /** Where its management API answers. */
  readonly managementUrl: string
  /** The bearer of that API: it goes there (by way of `fetch`) and nowhere else. */
  readonly adminToken: string
  /** May have an internal address for what lies under a public URL. */
  readonly fetch?: typeof fetch
}

interface Answer {
  readonly status: number
  readonly body: unknown
}

const resourcePage = listReply(resourceReply.pick({ id: true, identifier: true, scopes: true }))
type Known = ReturnType<typeof resourcePage.parse>['items'][number]

/** Speaks to the management API of the identity provider. */
export function createIdpLink(options: IdpLinkOptions): IdpLink {
  return {
    byHand: (request) => `POST ${resourcesUrl(request.poolId)} ${JSON.stringify(bodyOf(request))}`,
    implied: (request, signal) => implied(request, signal).catch(() => undefined),
    async register(request, signal) {
      try {
        return await register(request, signal)
      } catch (error) {
        if (error instanceof Refusal) return error.registration
        if (error instanceof FetchProblem) return { state: 'later', problem: `no answer from ${error.message}` }
        return { state: 'refused', problem: 'the answers of its management API cannot be understood' }
      }
    },
  }

  async function implied(request: ResourceRequest, signal?: AbortSignal): Promise<ScopeHierarchy> {
    const known = await find(request, signal)
    return known === undefined ? {} : hierarchyOf(known)
  }

  async function register(request: ResourceRequest, signal?: AbortSignal): Promise<Registration> {
    const known = await find(request, signal)
    if (known) return complete(request, known, signal)
    const made = await call('POST', resourcesUrl(request.poolId), bodyOf(request), signal)
    if (made.status === 201) return { state: 'registered', changed: true }
    // Somebody else made it meanwhile, or its list is longer than was read.
    const rival = made.status === 409 ? await find(request, signal) : undefined
    if (rival) return complete(request, rival, signal)
    throw refusalOf(made)
  }

  async function find(request: ResourceRequest, signal?: AbortSignal): Promise<Known | undefined> {
    let cursor: string | null = null
    for (let page = 0; page < limits.idpResourcePages; page++) {
      const query: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`
      const answer = await call('GET', `${resourcesUrl(request.poolId)}?limit=100${query}`, undefined, signal)
      if (answer.status !== 200) throw refusalOf(answer)
      const { items, nextCursor } = resourcePage.parse(answer.body)
      const known = items.find((item) => sameResource(item.identifier, request.identifier))
      if (known || nextCursor === null) return known
      cursor = nextCursor
    }
    return undefined
  }

  async function complete(request: ResourceRequest, known: Known, signal?: AbortSignal): Promise<Registration> {
    const missing = request.scopes.filter((name) => !known.scopes.some((scope) => scope.name === name))
    const found = registeredWith(known)
    if (missing.length === 0) return { ...found, changed: false }
    const url = `${resourcesUrl(request.poolId)}/${encodeURIComponent(known.id)}`
    const scopes = [...known.scopes, ...missing.map((name) => ({ name }))]
    const answer = await call('PATCH', url, { scopes }, signal)
    if (answer.status !== 200) throw refusalOf(answer)
    return { ...found, changed: true }
  }

  function resourcesUrl(poolId: string): string {
    return `${options.managementUrl}/api/v1/user-pools/${encodeURIComponent(poolId)}/resources`
  }

  async function call(method: string, url: string, body: unknown, signal?: AbortSignal): Promise<Answer> {
    const answer = await guardedFetch(url, {
      network: 'any',
      allowHttp: () => true,
      fetch: options.fetch,
      timeoutMs: limits.idpRequest,
      signal,
      method,
      headers: {
        accept: 'application/json',
        authorization: `Bearer ${options.adminToken}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    return { status: answer.status, body: jsonOrNothing(answer.text) }
  }
}

function hierarchyOf({ scopes }: Known): ScopeHierarchy {
  return Object.fromEntries(scopes.flatMap(({ name, implies = [] }) => (implies.length === 0 ? [] : [[name, implies]])))
}

function registeredWith(known: Known) {
  const implied = hierarchyOf(known)
  return { state: 'registered' as const, ...(Object.keys(implied).length === 0 ? {} : { implied }) }
}

function bodyOf({ identifier, name, scopes }: ResourceRequest) {
  return { identifier, name, scopes: scopes.map((scope) => ({ name: scope })) }
}

function jsonOrNothing(text: string): unknown {
  try {
    return parseJson(text)
  } catch {
    return undefined
  }
}

class Refusal extends Error {
  readonly registration: Registration

  constructor(registration: Registration) {
    super('the management API refused')
    this.registration = registration
  }
}

/** Fixed texts: what a foreign server says is not repeated. */
function refusalOf({ status }: Answer): Refusal {
  if (status === 401) {
    return new Refusal({
      state: 'refused',
      problem: 'its management API does not take our admin token; give both servers the same POSTERN_ADMIN_TOKEN',
    })
  }
  if (status === 404) {
    return new Refusal({
      state: 'later',
      problem: 'the pool does not exist, or its management API is not served there',
    })
  }
  const state = status >= 500 || status === 429 ? 'later' : 'refused'
  return new Refusal({ state, problem: `its management API answered with status ${status}` })
}
