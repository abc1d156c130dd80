import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it } from 'node:test'
import { callWire } from '@postern/server/testing'
import { eventsOf, manage } from '../oidc/token-request.ts'
import { runCodeGrant } from '../testing/code-grant.ts'
import { type Idp, startIdp } from '../testing/index.ts'

const accessKey = { accessKeyId: 'AKLTexample', secretAccessKey: 'c2VjcmV0LWtleS1mb3ItdGVzdHM=' }
const seed = { version: 1 as const, accessKeys: [accessKey] }
let calls = 0

/** Requests alike within a second would have one signature. */
function callerOf(idp: Pick<Idp, 'url'>) {
  return (action: string, body: unknown = {}) => {
    calls += 1
    return callWire({ url: idp.url, action, service: 'id', accessKey, body, headers: { 'x-call': String(calls) } })
  }
}

function claimsOf(token: string) {
  const [header = '', claims = ''] = token.split('.')
  const read = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString())
  return { header: read(header), claims: read(claims) }
}

async function token(tokenUrl: string, clientId: string, secret: string, form: Record<string, string> = {}) {
  const response = await fetch(tokenUrl, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${clientId}:${secret}`)}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', ...form }),
  })
  return { status: response.status, body: await response.json() }
}

describe('the Agent Identity API', () => {
  let idp: Idp
  let call: ReturnType<typeof callerOf>
  before(async () => {
    idp = await startIdp({ seed })
    call = callerOf(idp)
  })
  after(() => idp.close())
  afterEach(async () => {
    const { result } = await call('ListUserPools', { PageNumber: 1, PageSize: 100 })
    for (const { Uid } of result.Data) await call('DeleteUserPool', { UserPoolUid: Uid })
  })

  const makePool = async (given: object = {}) => (await call('CreateUserPool', { Name: 'pool', ...given })).result
  const machine = { Name: 'agent', ClientType: 'MACHINE_TO_MACHINE' }

  it('makes a pool as the tutorial does, and shows all of it', async () => {
    const given = {
      Name: 'user-pool-1',
      SignInAttributes: ['preferred_username'],
      RequiredSignUpAttributes: ['preferred_username'],
      ProjectName: 'default',
      Tags: [{ Key: 'team', Value: 'a' }],
      Brand: { Name: 'House', LogoUri: '' },
      SmsAnonymousSignUpEnabled: true,
      NetworkConfiguration: { VpcId: 'vpc-1' },
    }
    const created = await call('CreateUserPool', given)
    assert.equal(created.status, 200)
    const { Uid, Trn, CreateTime, UpdateTime, DiscoveryUrl, ...rest } = created.result
    const issuer = `${idp.url}/pools/${Uid}`
    assert.equal(DiscoveryUrl, `${issuer}/.well-known/openid-configuration`)
    assert.match(CreateTime, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
    assert.ok(Trn.endsWith(Uid) && UpdateTime === CreateTime)
    assert.deepEqual(rest, {
      ...given,
      Brand: { Name: 'House', LogoUri: '' },
      Description: '',
      Domain: new URL(idp.url).host,
      PasswordSignInEnabled: true,
      UnconfirmedUserSignInEnabled: false,
      EmailPasswordlessSignInEnabled: false,
      SmsPasswordlessSignInEnabled: false,
      SelfSignUpEnabled: false,
      SelfAccountRecoveryEnabled: true,
      SignUpAutoVerificationEnabled: false,
      IssuerUrl: issuer,
      TokenUrl: `${issuer}/token`,
      TokenSigningKeyUrl: `${issuer}/jwks`,
      OidcLoginCallbackUrl: '',
      OidcSignUpCallbackUrl: '',
      OauthLoginCallbackUrl: '',
      OauthSignUpCallbackUrl: '',
      SamlLoginCallbackUrl: '',
      SamlSignUpCallbackUrl: '',
      Enabled: true,
      TotalUsers: 0,
      TotalClients: 0,
      TotalConnections: 0,
    })
    assert.deepEqual((await call('GetUserPool', { UserPoolUid: Uid })).result, created.result)
    const { body } = await manage(idp, 'GET', `/user-pools/${Uid}`)
    assert.deepEqual(
      [body['signingAlgorithm'], body['accessTokenTtl'], body['audience']],
      ['RS256', 36_000, 'client_id'],
    )
    const loosened = await eventsOf(idp, '&reason=setting_loosened')
    assert.deepEqual([loosened[0]?.['poolId'], loosened[0]?.['requestId']], [Uid, created.metadata.RequestId])
  })

  it('gives tokens of ten hours in RS256 for the client itself, whatever resources come to the pool', async () => {
    const pool = await makePool()
    const client = (await call('CreateUserPoolClient', { UserPoolUid: pool.Uid, ...machine })).result
    const resource = 'https://mcp.example/mcp'
    const plain = async (form = {}) => await token(pool.TokenUrl, client.Uid, client.ClientSecret, form)
    for (const round of ['before', 'after']) {
      const { status, body } = await plain()
      assert.deepEqual([status, body.expires_in, body.scope], [200, 36_000, undefined], round)
      const { header, claims } = claimsOf(body.access_token)
      assert.equal(header.alg, 'RS256')
      assert.deepEqual(
        [claims.iss, claims.aud, claims.client_id, claims.sub],
        [pool.IssuerUrl, client.Uid, client.Uid, client.Uid],
      )
      assert.equal(claims.exp - claims.iat, 36_000)
      await manage(idp, 'POST', `/user-pools/${pool.Uid}/resources`, {
        identifier: resource,
        scopes: [{ name: 'read' }],
      })
    }
    const named = await plain({ resource })
    assert.deepEqual([claimsOf(named.body.access_token).claims.aud, named.body.scope], [resource, 'read'])
    assert.equal((await plain({ scope: 'fly' })).body.error, 'invalid_scope')
    const other = (await call('CreateUserPoolClient', { UserPoolUid: pool.Uid, ...machine })).result
    const foreign = await plain({ resource: `urn:postern:client:${other.Uid}` })
    assert.equal(foreign.body.error, 'invalid_target')
    // The way through the library, which other requests than the plain one take.
    const posted = await fetch(pool.TokenUrl, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: client.Uid,
        client_secret: client.ClientSecret,
      }),
    })
    const viaLibrary = await posted.json()
    assert.equal(posted.status, 200, JSON.stringify(viaLibrary))
    assert.deepEqual([claimsOf(viaLibrary.access_token).claims.aud, viaLibrary.expires_in], [client.Uid, 36_000])
  })

  it('gives people who sign in tokens for the client, and refreshes them', async () => {
    const { Uid: UserPoolUid, IssuerUrl, TokenUrl } = await makePool()
    const web = { Name: 'web', ClientType: 'WEB_APPLICATION', AllowedCallbackUrls: ['http://localhost:3000/cb'] }
    const { result } = await call('CreateUserPoolClient', { UserPoolUid, ...web })
    const { Uid: clientId, ClientSecret: clientSecret } = result
    const user = { name: 'alice', password: 'Correct-horse-1' }
    const person = { preferredUsername: user.name, password: user.password, status: 'CONFIRMED' }
    assert.equal((await manage(idp, 'POST', `/user-pools/${UserPoolUid}/users`, person)).status, 201)
    await manage(idp, 'POST', `/user-pools/${UserPoolUid}/resources`, { identifier: 'https://mcp.example/mcp' })
    const client = { clientId, clientSecret, redirectUris: web.AllowedCallbackUrls }
    const tokens = await runCodeGrant(IssuerUrl, { client, user })
    const { claims } = claimsOf(tokens.accessToken)
    assert.deepEqual([claims.aud, claims.client_id, claims.exp - claims.iat], [clientId, clientId, 36_000])
    const refresh = { grant_type: 'refresh_token', refresh_token: tokens.refreshToken ?? '' }
    const again = await token(TokenUrl, clientId, clientSecret, refresh)
    assert.equal(claimsOf(again.body.access_token).claims.aud, clientId, JSON.stringify(again))
    const named = await runCodeGrant(IssuerUrl, { client, user, resource: 'https://mcp.example/mcp' })
    assert.equal(claimsOf(named.accessToken).claims.aud, 'https://mcp.example/mcp')
  })

  it('updates what is given, and leaves what is not', async () => {
    const {
      Uid,
      CreateTime: _,
      UpdateTime: __,
      ...pool
    } = await makePool({ Description: 'x', Tags: [{ Key: 'a', Value: 'b' }] })
    const changes = {
      Name: 'renamed',
      SelfSignUpEnabled: true,
      SmsAnonymousSignUpEnabled: true,
      Brand: { Name: 'New' },
    }
    const answer = await call('UpdateUserPool', { UserPoolUid: Uid, ...changes, SignInAttributes: ['email'], Tags: [] })
    const { CreateTime: ___, UpdateTime: ____, ...after } = answer.result
    assert.deepEqual(after, { Uid, ...pool, ...changes, Brand: { Name: 'New', LogoUri: '' } })
  })

  it('clears what is updated to nothing', async () => {
    const logo = 'https://house.example/logo.svg'
    const { Uid } = await makePool({ Description: 'x', Brand: { Name: 'House', LogoUri: logo } })
    const update = async (given: object) => (await call('UpdateUserPool', { UserPoolUid: Uid, ...given })).result
    const one = await update({ Brand: { LogoUri: '' } })
    assert.deepEqual([one.Brand, one.Description], [{ Name: 'House', LogoUri: '' }, 'x'], 'alone what was sent')
    await update({ Brand: { Name: 'House', LogoUri: logo } })
    for (const answer of [await update({ Description: '', Brand: { Name: '', LogoUri: '' } }), await update({})]) {
      assert.deepEqual([answer.Description, answer.Brand], ['', { Name: '', LogoUri: '' }])
    }
    const { body } = await manage(idp, 'GET', `/user-pools/${Uid}`)
    assert.deepEqual([body['description'], body['brand']], [undefined, {}])
    assert.equal((await call('UpdateUserPool', { UserPoolUid: Uid, Name: '' })).code, 'InvalidParameter.Name')
  })

  it('takes PasswordSignInEnabled only as it is', async () => {
    const { Uid: UserPoolUid } = await makePool({ PasswordSignInEnabled: true })
    for (const [action, given] of [
      ['CreateUserPool', { Name: 'other' }],
      ['UpdateUserPool', { UserPoolUid, Name: 'other' }],
    ] as const) {
      const { status, code, message } = await call(action, { ...given, PasswordSignInEnabled: false })
      assert.deepEqual([status, code], [400, 'InvalidParameter.PasswordSignInEnabled'])
      assert.match(message, /leave it out, or send true/)
    }
    const { result } = await call('ListUserPools', { PageNumber: 1, PageSize: 10 })
    assert.deepEqual([result.TotalCount, result.Data[0].Name], [1, 'pool'])
    const same = await call('UpdateUserPool', { UserPoolUid, PasswordSignInEnabled: true })
    assert.equal(same.result.PasswordSignInEnabled, true)
  })

  it('lists by pages, filters and order', async () => {
    for (const Name of ['alpha', 'beta', 'alphabet']) {
      await makePool({ Name, ...(Name === 'beta' ? { ProjectName: 'lab', Tags: [{ Key: 'k', Value: 'v' }] } : {}) })
    }
    const names = async (given: object) => {
      const { result } = await call('ListUserPools', {
        PageNumber: 1,
        PageSize: 10,
        SortField: 'Name',
        SortDirection: 'Asc',
        ...given,
      })
      return [result.TotalCount, ...result.Data.map(({ Name }: { Name: string }) => Name)]
    }
    assert.deepEqual(await names({}), [3, 'alpha', 'alphabet', 'beta'])
    assert.deepEqual(await names({ PageSize: 2, PageNumber: 2 }), [3, 'beta'])
    assert.deepEqual(await names({ Filter: { Name: 'alpha' }, SortDirection: 'Desc' }), [2, 'alphabet', 'alpha'])
    assert.deepEqual(await names({ ProjectName: 'lab' }), [1, 'beta'])
    assert.deepEqual(await names({ TagFilters: [{ Key: 'k', Values: ['v'] }] }), [1, 'beta'])
    assert.deepEqual(await names({ TagFilters: [{ Key: 'k', Values: ['w'] }] }), [0])
  })

  it('makes clients, shows their secret again, and lists and deletes them', async () => {
    const { Uid: UserPoolUid } = await makePool()
    const created = await call('CreateUserPoolClient', { UserPoolUid, ...machine, Description: 'robot', Odd: { a: 1 } })
    const { Uid: ClientUid, ClientSecret } = created.result
    assert.ok(ClientSecret.length >= 32)
    assert.partialDeepStrictEqual(created.result, {
      ...machine,
      Description: 'robot',
      Odd: { a: 1 },
      AllowedCallbackUrls: [],
    })
    assert.deepEqual((await call('GetUserPoolClient', { UserPoolUid, ClientUid })).result, created.result)
    const viaRest = await manage(idp, 'GET', `/user-pools/${UserPoolUid}/clients/${ClientUid}`)
    assert.ok(!JSON.stringify(viaRest).includes(ClientSecret), 'shown again here alone')
    const web = { Name: 'web', ClientType: 'WEB_APPLICATION', AllowedCallbackUrls: ['http://localhost:3000/cb'] }
    await call('CreateUserPoolClient', { UserPoolUid, ...web })
    const page = { UserPoolUid, PageNumber: 1, PageSize: 10 }
    const list = (await call('ListUserPoolClients', { ...page, Filter: { ClientTypes: ['MACHINE_TO_MACHINE'] } }))
      .result
    assert.deepEqual([list.TotalCount, list.Data[0].Uid, list.Data[0].ClientSecret], [1, ClientUid, undefined])
    assert.deepEqual((await call('DeleteUserPoolClient', { UserPoolUid, ClientUid })).result, { Message: 'success' })
    assert.equal((await call('GetUserPoolClient', { UserPoolUid, ClientUid })).code, 'NotFound.UserPoolClient')
    assert.equal((await call('ListUserPoolClients', page)).result.TotalCount, 1)
  })

  it('updates a client, in the spelling of the update input', async () => {
    const { Uid: UserPoolUid } = await makePool()
    const web = { Name: 'web', ClientType: 'WEB_APPLICATION', AllowedCallbackUrls: ['http://localhost:3000/cb'] }
    const { Uid: ClientUid } = (await call('CreateUserPoolClient', { UserPoolUid, ...web })).result
    const changes = {
      Name: 'site',
      AllowedLogoutUrls: ['http://localhost:3000/bye'],
      AllowedCors: ['http://localhost:3000'],
      SkipConsentEnabled: true,
    }
    const { result } = await call('UpdateUserPoolClient', {
      UserPoolUid,
      ClientUid,
      ...changes,
      IdToken: { LifeTimeSeconds: 60 },
      RefreshToken: { CombinedLifetimeSeconds: 3600, HasCombinedLifetime: true, Rotation: 'x' },
    })
    assert.partialDeepStrictEqual(result, {
      ...web,
      ...changes,
      IdToken: { LifetimeSeconds: 60 },
      RefreshToken: { CombinedLifetimeSeconds: 3600, HasCombinedLifetime: true, Rotation: 'x' },
    })
    assert.deepEqual(Object.keys(result.IdToken), ['LifetimeSeconds'])
    const { body } = await manage(idp, 'GET', `/user-pools/${UserPoolUid}/clients/${ClientUid}`)
    assert.deepEqual([body['refreshTokenTtl'], body['skipConsentEnabled']], [3600, true])
  })

  it('clears what of a client is updated to nothing', async () => {
    const { Uid: UserPoolUid } = await makePool()
    const [callback] = ['http://localhost:3000/cb']
    const given = { Name: 'web', LogoUri: 'https://web.example/logo.svg', AllowedCallbackUrls: [callback] }
    const made = await call('CreateUserPoolClient', { UserPoolUid, ClientType: 'WEB_APPLICATION', ...given })
    const { Uid: ClientUid } = made.result
    const update = async (changes: object) => await call('UpdateUserPoolClient', { UserPoolUid, ClientUid, ...changes })
    await update({ Description: 'x', AllowedLogoutUrls: [callback], RefreshToken: { CombinedLifetimeSeconds: 3600 } })
    const nothing = { Description: '', LogoUri: '', AllowedCallbackUrls: [], AllowedLogoutUrls: [] }
    const { result } = await update({ ...nothing, RefreshToken: { HasCombinedLifetime: false } })
    assert.partialDeepStrictEqual(result, { ...nothing, RefreshToken: { HasCombinedLifetime: false } })
    for (const field of ['AllowedCallbackUrls', 'AllowedLogoutUrls']) assert.deepEqual(result[field], [])
    assert.deepEqual((await call('GetUserPoolClient', { UserPoolUid, ClientUid })).result, result)
    const { body } = await manage(idp, 'GET', `/user-pools/${UserPoolUid}/clients/${ClientUid}`)
    for (const field of ['logoUri', 'refreshTokenTtl']) assert.equal(body[field], undefined)
    assert.deepEqual(body['redirectUris'] ?? [], [])
  })

  it('refuses in the words of the originals, and changes nothing', async () => {
    const { Uid: UserPoolUid } = await makePool()
    const nobody = 'no-such-thing'
    const cases = [
      ['CreateUserPool', {}, 400, 'MissingParameter'],
      ['CreateUserPool', { Name: 'pool' }, 409, 'Duplicated'],
      ['CreateUserPool', { Name: 'x', SignInAttributes: ['shoe_size'] }, 400, 'InvalidParameter.SignInAttributes'],
      ['CreateUserPool', { Name: 'x', Odd: 'x'.repeat(40_000) }, 400, 'InvalidParameter'],
      ['CreateUserPool', { Name: 'x'.repeat(129) }, 400, 'InvalidParameter.Name'],
      ['GetUserPool', { UserPoolUid: nobody }, 404, 'NotFound.UserPool'],
      ['GetUserPool', { UserPoolUid: '../x' }, 404, 'NotFound.UserPool'],
      ['UpdateUserPool', { UserPoolUid: nobody }, 404, 'NotFound.UserPool'],
      ['DeleteUserPool', { UserPoolUid: nobody }, 404, 'NotFound.UserPool'],
      ['ListUserPools', { PageNumber: 1 }, 400, 'MissingParameter'],
      ['ListUserPools', { PageNumber: 0, PageSize: 101 }, 400, 'InvalidParameter.PageNumber'],
      ['CreateUserPoolClient', { UserPoolUid, Name: 'x' }, 400, 'MissingParameter'],
      ['CreateUserPoolClient', { UserPoolUid, Name: 'x', ClientType: 'ROBOT' }, 400, 'InvalidParameter.ClientType'],
      ['CreateUserPoolClient', { UserPoolUid: nobody, ...machine }, 404, 'NotFound.UserPool'],
      [
        'CreateUserPoolClient',
        { UserPoolUid, ...machine, AllowedCallbackUrls: ['http://localhost/'] },
        400,
        'InvalidParameter.AllowedCallbackUrls',
      ],
      ['GetUserPoolClient', { UserPoolUid, ClientUid: nobody }, 404, 'NotFound.UserPoolClient'],
      ['UpdateUserPoolClient', { UserPoolUid, ClientUid: nobody }, 404, 'NotFound.UserPoolClient'],
      ['DeleteUserPoolClient', { UserPoolUid, ClientUid: nobody }, 404, 'NotFound.UserPoolClient'],
      ['ListUserPoolClients', { UserPoolUid: nobody, PageNumber: 1, PageSize: 1 }, 404, 'NotFound.UserPool'],
      ['CreateUser', { UserPoolUid }, 404, 'InvalidActionOrVersion'],
    ] as const
    for (const [action, body, status, code] of cases) {
      const answer = await call(action, body)
      assert.deepEqual([answer.status, answer.code], [status, code], `${action} ${JSON.stringify(body).slice(0, 80)}`)
    }
    const page = { PageNumber: 1, PageSize: 10 }
    assert.equal((await call('ListUserPools', page)).result.TotalCount, 1)
    assert.equal((await call('ListUserPoolClients', { UserPoolUid, ...page })).result.TotalCount, 0)
  })

  it('does nothing for who has not signed', async () => {
    const url = `${idp.url}/?Action=CreateUserPool&Version=2025-10-30`
    const response = await fetch(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${idp.adminToken}` },
      body: '{"Name":"x"}',
    })
    assert.equal(response.status, 400)
    const wrong = { ...accessKey, secretAccessKey: 'another-secret-key' }
    const refused = await callWire({
      url: idp.url,
      action: 'CreateUserPool',
      service: 'id',
      accessKey: wrong,
      body: { Name: 'x' },
    })
    assert.deepEqual([refused.status, refused.code], [401, 'SignatureDoesNotMatch'])
    assert.equal((await call('ListUserPools', { PageNumber: 1, PageSize: 10 })).result.TotalCount, 0)
  })
})

describe('secrets are shown once', () => {
  it('where the setting says so', async () => {
    await using idp = await startIdp({ seed, env: { POSTERN_SHOW_SECRETS_AGAIN: 'false' } })
    const call = callerOf(idp)
    const { Uid: UserPoolUid } = (await call('CreateUserPool', { Name: 'pool' })).result
    const given = { UserPoolUid, Name: 'agent', ClientType: 'MACHINE_TO_MACHINE' }
    const { Uid: ClientUid, ClientSecret } = (await call('CreateUserPoolClient', given)).result
    assert.equal(typeof ClientSecret, 'string')
    assert.equal((await call('GetUserPoolClient', { UserPoolUid, ClientUid })).result.ClientSecret, undefined)
  })
})
