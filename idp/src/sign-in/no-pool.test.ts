import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { textOf, titleOf } from './test-forms.ts'
import { type House, type HousePool, openHouse } from './test-house.ts'

let house: House
let staff: HousePool
before(async () => {
  house = await openHouse()
  staff = await house.pool()
})
after(() => house.close())

const browserAccept = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'

function get(path: string, accept = browserAccept, more: RequestInit = {}): Promise<Response> {
  return fetch(house.idp.url + path, {
    redirect: 'manual',
    ...more,
    headers: { accept, ...(more.headers as Record<string, string>) },
  })
}

// Whoever followed a link to a pool that is gone was shown a line of JSON.
test('a browser that asks for a pool that is not there gets a page, which repeats nothing and loads its style', async () => {
  const off = await house.pool()
  await house.manage('PATCH', `/user-pools/${off.pool.id}`, { enabled: false })
  for (const path of [
    '/pools/zzz-unknown/auth?client_id=zzz-client&redirect_uri=https://zzz.example/',
    '/pools/zzz-unknown/sign-in/zzz-uid',
    '/pools/zzz-unknown/.well-known/openid-configuration',
    '/pools/zzz-unknown/token',
    '/.well-known/openid-configuration/pools/zzz-unknown',
    '/.well-known/oauth-authorization-server/pools/zzz-unknown',
    '/pools/ZZZ%3Cb%3E/auth',
    '/pools/zzz-unknown',
    `/pools/${off.pool.id}/auth`,
  ]) {
    const answer = await get(path)
    const text = await answer.text()
    assert.equal(answer.status, 404, path)
    assert.equal(answer.headers.get('content-type'), 'text/html; charset=utf-8', path)
    assert.equal(answer.headers.get('cache-control'), 'no-store')
    assert.equal(answer.headers.get('x-content-type-options'), 'nosniff')
    assert.match(
      answer.headers.get('content-security-policy') ?? '',
      /^default-src 'none'; style-src 'self'; form-action/,
    )
    assert.equal(titleOf({ text }), 'This does not work')
    assert.match(
      textOf(text),
      /there is no such user pool, or it is disabled; the issuer is <origin>\/pools\/<id of the/,
    )
    assert.ok(textOf(text).includes(String(answer.headers.get('x-request-id'))))
    assert.doesNotMatch(text, /zzz/i, path)
    const [, sheet = ''] = /<link rel="stylesheet" href="([^"]*)">/.exec(text) ?? []
    const style = await get(sheet, 'text/css')
    assert.deepEqual([style.status, style.headers.get('content-type')], [200, 'text/css; charset=utf-8'], sheet)
  }
})

test('programs are told in JSON, whatever they accept where RFCs say JSON', async () => {
  for (const answer of [
    await get('/pools/unknown/auth', '*/*'),
    await get('/pools/unknown/.well-known/openid-configuration', 'application/json'),
    await get('/pools/unknown/token', browserAccept, { method: 'POST', body: new URLSearchParams() }),
  ]) {
    assert.equal(answer.status, 404)
    assert.equal(answer.headers.get('content-type'), 'application/json; charset=utf-8')
    const { error, error_description: description } = await answer.json()
    assert.equal(error, 'invalid_request')
    assert.match(description, /^there is no such user pool/)
  }
})

test('inside of a pool, too: a path that is not there, and a method that is not', async () => {
  const missing = await get(`/pools/${staff.pool.id}/.well-known/nothing`)
  assert.equal(missing.status, 404)
  const text = await missing.text()
  assert.match(textOf(text), /there is nothing at this path; see \/\.well-known\/openid-configuration below the issuer/)
  assert.match(titleOf({ text }), /^This does not work · Staff/)
  const token = await get(`/pools/${staff.pool.id}/token`, browserAccept, { headers: { 'accept-language': 'zh-CN' } })
  assert.equal(token.status, 405)
  assert.equal(token.headers.get('allow'), 'POST, OPTIONS')
  assert.match(await token.text(), /<html lang="zh-CN">[\s\S]*this path answers POST, OPTIONS only/)
  assert.equal(
    (await get(`/pools/${staff.pool.id}/nothing`, '*/*')).headers.get('content-type')?.split(';')[0],
    'application/json',
  )
})

test('what pages load is the same everywhere, and nothing else is there', async () => {
  for (const path of ['/pools/-/assets/style.css', '/pools/-/assets/', '/pools/-/assets/a/b']) {
    assert.equal((await get(path, '*/*')).status, 404, path)
  }
})
