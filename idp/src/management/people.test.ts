import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Answer, type Api, assertProblem, type ExpectedProblem, startApi } from './management-fixture.ts'

const pool = '/user-pools/people'
const alice = { preferredUsername: 'alice', email: 'alice@mail.example', password: 'Correct-horse-7' }

function itemsOf({ body }: Answer): Record<string, unknown>[] {
  const { items } = body
  assert.ok(Array.isArray(items))
  return items
}

describe('people in the management API', () => {
  let api: Api
  before(async () => {
    api = await startApi()
    const fields = { id: 'people', name: 'People', signInAttributes: ['preferred_username', 'email', 'phone_number'] }
    await api.post('/user-pools', { ...fields, selfSignUpEnabled: true })
  })
  after(() => api.close())

  it('are made, shown, listed, changed and deleted', async () => {
    const profile = {
      name: 'Alice',
      givenName: 'Al',
      birthdate: '1990-02-28',
      locale: 'zh-Hans-CN',
      zoneinfo: 'Asia/Shanghai',
    }
    const more = { metadata: { shoe: [42, null, { a: 'b' }] }, picture: 'https://a.example/p.png' }
    const made = await api.post(`${pool}/users`, { ...alice, ...profile, ...more, emailVerified: true })
    assert.equal(made.status, 201, JSON.stringify(made.body))
    const { id, createdAt, updatedAt, ...rest } = made.body
    assert.equal(made.headers.get('location'), `/api/v1${pool}/users/${id}`)
    assert.deepEqual([typeof createdAt, createdAt], ['string', updatedAt])
    const { password, ...shown } = alice
    const status = 'FORCE_CHANGE_PASSWORD'
    assert.deepEqual(rest, { status, ...shown, emailVerified: true, ...profile, ...more, groups: [] })
    const path = `${pool}/users/${id}`
    assert.deepEqual((await api.get(path)).body, made.body)
    assert.deepEqual(itemsOf(await api.get(`${pool}/users`)), [made.body])
    assert.deepEqual(itemsOf(await api.get(`${pool}/users?name=ALICE%40mail.example`)), [made.body])
    assert.deepEqual(itemsOf(await api.get(`${pool}/users?status=CONFIRMED`)), [])
    assert.equal((await api.get(pool)).body['totalUsers'], 1)
    const changed = await api.patch(path, { email: null, name: null, status: 'CONFIRMED', metadata: null })
    assert.equal(changed.status, 200, JSON.stringify(changed.body))
    const cleared = ['email', 'emailVerified', 'name', 'metadata']
    const kept = Object.entries(made.body).filter(([field]) => !cleared.includes(field))
    const { updatedAt: changedAt } = changed.body
    assert.deepEqual(changed.body, { ...Object.fromEntries(kept), status: 'CONFIRMED', updatedAt: changedAt })
    assert.equal((await api.delete(path)).status, 204)
    assert.equal((await api.get(path)).status, 404)
    assert.ok(!JSON.stringify([made.body, changed.body]).includes(password))
  })

  it('are put into groups and taken out of them', async () => {
    const group = await api.post(`${pool}/groups`, { name: 'Staff', description: 'All', precedence: 2 })
    assert.equal(group.status, 201)
    const path = `${pool}/groups/${group.body['id']}`
    assert.equal(group.headers.get('location'), `/api/v1${path}`)
    assert.deepEqual((await api.get(path)).body, group.body)
    assert.deepEqual(itemsOf(await api.get(`${pool}/groups`)), [group.body])
    assert.equal((await api.patch(path, { precedence: null })).body['precedence'], undefined)
    const { id } = (await api.post(`${pool}/users`, { preferredUsername: 'bob' })).body
    const member = `${path}/members/${id}`
    assert.deepEqual([(await api.put(member)).status, (await api.put(member)).status], [204, 204])
    assert.deepEqual((await api.get(`${pool}/users/${id}`)).body['groups'], [group.body['id']])
    assert.deepEqual(
      itemsOf(await api.get(`${path}/members`)).map((user) => user['id']),
      [id],
    )
    assert.deepEqual(
      itemsOf(await api.get(`${pool}/users?group=${group.body['id']}`)).map((user) => user['id']),
      [id],
    )
    assert.equal((await api.delete(member)).status, 204)
    assert.deepEqual(itemsOf(await api.get(`${path}/members`)), [])
    assert.equal((await api.delete(path)).status, 204)
    await api.delete(`${pool}/users/${id}`)
  })

  it('go page by page', async () => {
    const ids: unknown[] = []
    for (const name of ['p1', 'p2', 'p3'])
      ids.push((await api.post(`${pool}/users`, { preferredUsername: name })).body['id'])
    const first = await api.get(`${pool}/users?limit=2`)
    const second = await api.get(`${pool}/users?limit=2&cursor=${first.body['nextCursor']}`)
    assert.deepEqual([...itemsOf(first), ...itemsOf(second)].map((user) => user['id']).sort(), [...ids].sort())
    assert.equal(second.body['nextCursor'], null)
    for (const id of ids) await api.delete(`${pool}/users/${id}`)
  })

  it('are in the OpenAPI document', async () => {
    const { body } = await api.get('/openapi.json')
    const paths = Object.keys(Object(body['paths'])).filter((path) => /users|groups|outbox/.test(path))
    assert.equal(paths.length, 7, paths.join())
  })

  it('find their codes in the outbox', async () => {
    assert.deepEqual((await api.get('/outbox')).body, { items: [], nextCursor: null })
  })

  type Call = (api: Api) => Promise<Answer>
  const users =
    (body: unknown): Call =>
    (one) =>
      one.post(`${pool}/users`, { preferredUsername: 'new', ...Object(body) })
  const bad = (field: string, says: RegExp): ExpectedProblem => ({ status: 400, code: 'invalid_request', field, says })
  const gone: ExpectedProblem = { status: 404, code: 'not_found', says: /There is no/ }
  const cases: readonly [string, Call, ExpectedProblem][] = [
    ['a name with a space', users({ preferredUsername: 'a b' }), bad('preferredUsername', /letters, numbers/)],
    [
      'a name like an address',
      users({ preferredUsername: 'a@b.example' }),
      bad('preferredUsername', /letters, numbers/),
    ],
    [
      'a name with something invisible',
      users({ preferredUsername: 'ali\u200bce' }),
      bad('preferredUsername', /letters/),
    ],
    ['a name that turns the line', users({ preferredUsername: 'ali\u202ece' }), bad('preferredUsername', /control/)],
    ['a name of a filler', users({ preferredUsername: 'ali\u3164ce' }), bad('preferredUsername', /letters/)],
    ['a name that hides a slash', users({ preferredUsername: 'a\u2100' }), bad('preferredUsername', /letters/)],
    ['a name of 10 kB', users({ preferredUsername: 'x'.repeat(10_000) }), bad('preferredUsername', /128/)],
    ['an address that is none', users({ email: 'alice' }), bad('email', /such as alice@mail.example/)],
    ['an address with two signs', users({ email: 'a@b@c.example' }), bad('email', /such as/)],
    ['an address with something invisible', users({ email: 'ali\u200bce@mail.example' }), bad('email', /invisible/)],
    ['a number without a country', users({ phoneNumber: '13800000000' }), bad('phoneNumber', /country code/)],
    ['a day that is none', users({ birthdate: '1990-02-30' }), bad('birthdate', /1990-12-31/)],
    ['a language that is none', users({ locale: 'e' }), bad('locale', /BCP 47/)],
    ['a zone that is none', users({ zoneinfo: 'Mars/Base' }), bad('zoneinfo', /Europe\/Paris/)],
    ['a picture by http', users({ picture: 'http://a.example/p' }), bad('picture', /https/)],
    ['a website that runs', users({ website: 'javascript:alert(1)' }), bad('website', /https/)],
    ['metadata of 5 kB', users({ metadata: { a: 'x'.repeat(5000) } }), bad('metadata', /4096 bytes/)],
    ['metadata that is a list', users({ metadata: [] }), bad('metadata', /object/)],
    ['a status that is none', users({ status: 'ADMIN' }), bad('status', /UNCONFIRMED/)],
    ['a group twice', users({ groups: ['a', 'a'] }), bad('groups[1]', /remove one/)],
    ['a group that is not there', users({ groups: ['none'] }), bad('groups[0]', /create it first/)],
    ['a mistyped field', users({ preferedUsername: 'a' }), bad('preferedUsername', /preferredUsername/)],
    ['a hash', users({ passwordHash: '$argon2id$' }), bad('passwordHash', /password/)],
    ['a verified address that is none', users({ emailVerified: true }), bad('emailVerified', /give email too/)],
    ['a weak password', users({ password: 'password' }), bad('password', /upper-case/)],
    ['a password of 10 kB', users({ password: 'x'.repeat(10_000) }), bad('password', /256/)],
    ['no name', (one) => one.post(`${pool}/users`, { name: 'Eve' }), bad('preferredUsername', /needs a name/)],
    [
      'a name that is taken',
      users({ preferredUsername: 'Taken' }),
      { status: 409, code: 'duplicate', field: 'preferredUsername' },
    ],
    ['an id that is taken', users({ id: 'u-taken' }), { status: 409, code: 'duplicate', field: 'id' }],
    [
      'another id',
      (one) => one.patch(`${pool}/users/u-taken`, { id: 'b' }),
      { status: 409, code: 'immutable', field: 'id' },
    ],
    [
      'one who is unconfirmed again',
      (one) => one.patch(`${pool}/users/u-taken`, { status: 'UNCONFIRMED' }),
      { status: 409, code: 'conflict', says: /use DISABLED/ },
    ],
    ['a user who is not there', (one) => one.get(`${pool}/users/none`), gone],
    ['a change of nobody', (one) => one.patch(`${pool}/users/none`, { name: 'a' }), gone],
    ['a deletion of nobody', (one) => one.delete(`${pool}/users/none`), gone],
    ['users of no pool', (one) => one.get('/user-pools/none/users'), gone],
    ['a user in no pool', (one) => one.post('/user-pools/none/users', alice), gone],
    ['a filter that is none', (one) => one.get(`${pool}/users?nam=a`), bad('nam', /name/)],
    ['a cursor of another list', (one) => one.get(`${pool}/users?cursor=abc`), { status: 400, code: 'invalid_cursor' }],
    ['a group without a name', (one) => one.post(`${pool}/groups`, {}), bad('name', /required/)],
    [
      'a group with a place below none',
      (one) => one.post(`${pool}/groups`, { name: 'a', precedence: -1 }),
      bad('precedence', /at least 0/),
    ],
    [
      'a group whose name is taken',
      (one) => one.post(`${pool}/groups`, { name: 'CREW' }),
      { status: 409, code: 'duplicate', field: 'name' },
    ],
    [
      'another id of a group',
      (one) => one.patch(`${pool}/groups/crew`, { id: 'b' }),
      { status: 409, code: 'immutable', field: 'id' },
    ],
    ['a group that is not there', (one) => one.get(`${pool}/groups/none`), gone],
    ['a deletion of no group', (one) => one.delete(`${pool}/groups/none`), gone],
    ['members of no group', (one) => one.get(`${pool}/groups/none/members`), gone],
    ['a member who is not there', (one) => one.put(`${pool}/groups/crew/members/none`), gone],
    ['a member of no group', (one) => one.put(`${pool}/groups/none/members/u-taken`), gone],
    ['one who is no member', (one) => one.delete(`${pool}/groups/crew/members/u-taken`), gone],
    ['messages of a kind that is none', (one) => one.get('/outbox?kind=spam'), bad('kind', /confirmation/)],
    [
      'a policy that is too lax',
      (one) => one.patch(pool, { passwordPolicy: { minLength: 5 } }),
      bad('passwordPolicy.minLength', /at least 6/),
    ],
    [
      'a policy with a rule that is none',
      (one) => one.patch(pool, { passwordPolicy: { minLenght: 9 } }),
      bad('passwordPolicy.minLenght', /minLength/),
    ],
    [
      'a grace that is too long',
      (one) => one.patch(pool, { refreshTokenGrace: 301 }),
      bad('refreshTokenGrace', /at most 300/),
    ],
    [
      'a refresh that is too short',
      (one) => one.patch(pool, { refreshTokenTtl: 59 }),
      bad('refreshTokenTtl', /at least 60/),
    ],
    [
      'a logo by http',
      (one) => one.patch(pool, { brand: { logoUri: 'http://a.example/l' } }),
      bad('brand.logoUri', /https/),
    ],
    [
      'a machine that acts for people',
      (one) =>
        one.post(`${pool}/clients`, {
          name: 'm',
          clientType: 'MACHINE_TO_MACHINE',
          grantTypes: ['authorization_code'],
        }),
      bad('grantTypes[0]', /clientType WEB_APPLICATION/),
    ],
    [
      'an app that acts for itself',
      (one) =>
        one.post(`${pool}/clients`, {
          name: 's',
          clientType: 'SINGLE_PAGE_APPLICATION',
          grantTypes: ['client_credentials'],
        }),
      bad('grantTypes[0]', /can keep no secret/),
    ],
    [
      'a refresh of nothing',
      (one) => one.post(`${pool}/clients`, { name: 'w', clientType: 'WEB_APPLICATION', grantTypes: ['refresh_token'] }),
      bad('grantTypes[0]', /add authorization_code/),
    ],
    [
      'a password grant',
      (one) => one.post(`${pool}/clients`, { name: 'w', clientType: 'WEB_APPLICATION', grantTypes: ['password'] }),
      bad('grantTypes[0]', /must be one of/),
    ],
    [
      'a machine that signs out',
      (one) =>
        one.post(`${pool}/clients`, {
          name: 'm',
          clientType: 'MACHINE_TO_MACHINE',
          postLogoutRedirectUris: ['https://a.example/'],
        }),
      bad('postLogoutRedirectUris[0]', /remove postLogoutRedirectUris/),
    ],
  ]
  describe('are refused with', () => {
    before(async () => {
      await api.post(`${pool}/users`, { id: 'u-taken', preferredUsername: 'taken' })
      await api.post(`${pool}/groups`, { id: 'crew', name: 'Crew' })
    })
    for (const [title, call, expected] of cases) it(title, () => assertProblem(api, () => call(api), expected))
  })
})
