import assert from 'node:assert/strict'
import type { FieldError, ProblemCode } from '@postern/server'
import { type Idp, startIdp } from '../testing/start-idp.ts'

export interface Answer {
  readonly status: number
  readonly headers: Headers
  // What JSON holds is looked at by assertions, which fail on whatever is not there.
  readonly body: Record<string, unknown>
}

/** The management API of a running identity provider, as a person with the admin token sees it. */
export interface Api {
  readonly url: string
  readonly adminToken: string
  get(path: string): Promise<Answer>
  post(path: string, body?: unknown): Promise<Answer>
  patch(path: string, body: unknown): Promise<Answer>
  put(path: string, body?: unknown): Promise<Answer>
  delete(path: string): Promise<Answer>
  /** What `GET /seed` and the lists of keys show: all that a refusal must leave alone. */
  state(): Promise<unknown>
  close(): Promise<void>
}

async function read(response: Response): Promise<Answer> {
  const text = await response.text()
  const body: Record<string, unknown> = text === '' ? {} : JSON.parse(text)
  return { status: response.status, headers: response.headers, body }
}

export function apiAt(url: string, adminToken: string, close: () => Promise<void>): Api {
  const call = async (method: string, path: string, body?: unknown): Promise<Answer> => {
    const headers: Record<string, string> = { authorization: `Bearer ${adminToken}` }
    if (body !== undefined) headers['content-type'] = 'application/json'
    const sent = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }
    return await read(await fetch(`${url}/api/v1${path}`, { method, headers, ...sent }))
  }
  const api: Api = {
    url,
    adminToken,
    get: (path) => call('GET', path),
    post: (path, body) => call('POST', path, body),
    patch: (path, body) => call('PATCH', path, body),
    put: (path, body) => call('PUT', path, body),
    delete: (path) => call('DELETE', path),
    async state() {
      const { items } = (await api.get('/user-pools?limit=100')).body
      assert.ok(Array.isArray(items))
      const parts = items.map(async ({ id }) => [
        (await api.get(`/user-pools/${id}/keys`)).body,
        (await api.get(`/user-pools/${id}/clients`)).body,
        (await api.get(`/user-pools/${id}/resources`)).body,
      ])
      return [items, (await api.get('/seed')).body, await Promise.all(parts)]
    },
    close,
  }
  return api
}

export async function startApi(): Promise<Api> {
  const idp: Idp = await startIdp()
  return apiAt(idp.url, idp.adminToken, idp.close)
}

export interface ExpectedProblem {
  readonly status: number
  readonly code: ProblemCode
  readonly field?: string
  readonly fieldCode?: FieldError['code']
  readonly says?: RegExp
}

/** The call is refused with a problem document (RFC 9457) of the contract's shape, and changes nothing. */
export async function assertProblem(api: Api, call: () => Promise<Answer>, expected: ExpectedProblem): Promise<void> {
  const before = await api.state()
  const { status, headers, body } = await call()
  assert.equal(status, expected.status, JSON.stringify(body))
  assert.equal(headers.get('content-type'), 'application/problem+json')
  const { type, title, detail, code, requestId, errors } = body
  assert.deepEqual([type, body['status'], code], ['about:blank', expected.status, expected.code])
  assert.deepEqual([typeof title, requestId], ['string', headers.get('x-request-id')])
  assert.ok(Array.isArray(errors))
  const fault: { field?: string; code?: string; message?: string } = errors[0] ?? {}
  if (expected.field !== undefined) assert.equal(fault.field, expected.field)
  if (expected.fieldCode !== undefined) assert.equal(fault.code, expected.fieldCode)
  if (expected.says !== undefined) assert.match(fault.message ?? String(detail), expected.says)
  assert.ok(!/\bat .*\.ts:|node_modules|SQLITE/.test(JSON.stringify(body)), 'no stack, no driver')
  assert.deepEqual(await api.state(), before)
}
