import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { DomainError } from '../domain-error.ts'
import { startHttp, type TestHttp } from '../testing/http-server.ts'
import { problem } from './problem.ts'
import { refusing } from './refusing.ts'
import { type Route, route } from './route.ts'

const taken = { field: 'name', code: 'duplicate' as const, message: 'is taken; choose another' }
const wrong = { field: 'ttl', code: 'invalid' as const, message: 'must be 1 or more' }

function throwing(path: string, error: unknown, answer?: (error: unknown) => never): Route {
  const made = route({
    method: 'GET',
    path,
    summary: 'refuses',
    reply: { status: 204 },
    handler: () => {
      throw error
    },
  })
  return answer === undefined ? refusing(made) : refusing(made, answer)
}

let server: TestHttp
before(async () => {
  server = await startHttp({
    routes: [
      throwing('/missing', new DomainError('not_found', 'not_found', 'there is none')),
      throwing('/invalid', new DomainError('invalid', 'invalid_request', 'wrong', [wrong, taken])),
      throwing('/taken', new DomainError('invalid', 'duplicate', 'taken', [taken])),
      throwing('/conflict', new DomainError('conflict', 'limit', 'there are 25 already', [taken])),
      throwing('/other', new Error('a secret')),
      throwing('/own', new Error('mine'), () => problem(400, 'invalid_request', 'in words of its own')),
      refusing(
        route({
          method: 'GET',
          path: '/fine',
          summary: 'answers',
          reply: { status: 200 },
          handler: () => ({ body: { fine: true } }),
        }),
      ),
    ],
  })
})
after(() => server.close())

test('the kind is the status; anything else goes on as it is', async () => {
  const table: readonly (readonly [string, number, string, string, readonly unknown[]])[] = [
    ['/missing', 404, 'not_found', 'there is none', []],
    ['/invalid', 400, 'invalid_request', 'ttl: must be 1 or more (and 1 more, see errors)', [wrong, taken]],
    ['/taken', 409, 'duplicate', 'name: is taken; choose another', [taken]],
    ['/conflict', 409, 'limit', 'there are 25 already', [taken]],
    ['/own', 400, 'invalid_request', 'in words of its own', []],
  ]
  for (const [path, status, code, detail, errors] of table) {
    const answer = await server.call(`/api/v1${path}`)
    const { code: said, detail: text, errors: fields } = await answer.json()
    assert.deepEqual([answer.status, said, text, fields], [status, code, detail, errors], path)
  }
  const other = await server.call('/api/v1/other')
  assert.equal(other.status, 500)
  assert.doesNotMatch(await other.text(), /secret/)
  assert.deepEqual(await (await server.call('/api/v1/fine')).json(), { fine: true })
})
