import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { answers, createPlace, type Place, type Serving } from './house.ts'

async function placeFor(t: TestContext): Promise<Place> {
  const place = await createPlace()
  t.after(() => place.remove())
  return place
}

function serving(t: TestContext, place: Place, env?: NodeJS.ProcessEnv): Serving {
  const running = place.serve(env)
  t.after(() => void running.process.kill('SIGTERM'))
  return running
}

async function untilSilent(...origins: string[]): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (!(await Promise.all(origins.map(answers))).includes(true)) return
    await delay(50)
  }
  assert.fail(`${origins.join(' or ')} still answers after 10 s`)
}

describe('postern serve', { timeout: 240_000 }, () => {
  test('starts both, prints no secret, ends both at Ctrl-C; a second start changes nothing', async (t) => {
    const place = await placeFor(t)
    const first = serving(t, place)
    const banner = await first.ready
    assert.ok((await answers(place.idpUrl)) && (await answers(place.gatewayUrl)))
    assert.match(banner, new RegExp(`discovery +${place.idpUrl}/pools/default/\\.well-known/openid-configuration`))
    const exported = (await place.postern(['export'])).out
    const ran = await first.stop()
    assert.deepEqual([ran.code, ran.err], [0, ''])
    assert.deepEqual([await answers(place.idpUrl), await answers(place.gatewayUrl)], [false, false])

    const secret = await readFile(join(place.folder, 'data', 'demo-secret'), 'utf8')
    const adminToken = await readFile(join(place.folder, 'data', 'admin-token'), 'utf8')
    const password = await readFile(join(place.folder, 'data', 'demo-password'), 'utf8')
    for (const value of [secret, adminToken, password]) assert.ok(!`${ran.out}${ran.err}`.includes(value.trim()))

    const second = serving(t, place)
    await second.ready
    assert.equal((await place.postern(['export'])).out, exported)
    assert.equal(await readFile(join(place.folder, 'data', 'demo-secret'), 'utf8'), secret)
    await second.stop()
  })

  test('pools and clients that approve by themselves are told of', async (t) => {
    const place = await placeFor(t)
    const config = join(place.folder, 'postern.yaml')
    const user = '{ preferredUsername: ada, password: Analytical-1843 }'
    await writeFile(
      config,
      `version: 1
pools:
  - { id: quiet, clients: [{ clientId: usual, name: usual, clientType: MOBILE_APPLICATION }] }
  - { id: open, unattendedUser: ada, users: [${user}] }
  - id: half
    users: [${user}]
    clients:
      - { clientId: robot, name: robot, clientType: MOBILE_APPLICATION, redirectUris: ['http://127.0.0.1/cb'], unattendedUser: ada }
`,
    )
    const running = serving(t, place, { POSTERN_CONFIG: config })
    const banner = await running.ready
    assert.match(banner, /WARNING: pool open approves every sign-in by itself as ada, without a password/)
    // A client alone may name somebody, in a pool that does not.
    assert.match(
      banner,
      /WARNING: client robot of pool half approves every sign-in by itself as ada, without a password/,
    )
    assert.doesNotMatch(banner, /quiet|usual|: pool half|not every|1843/)
    await running.stop()
  })

  test('one that cannot start says why, and brings the other down: 1', async (t) => {
    const place = await placeFor(t)
    const taken = createServer().listen(Number(new URL(place.gatewayUrl).port), '127.0.0.1')
    await once(taken, 'listening')
    t.after(() => taken.close())
    const { code, out, err } = await serving(t, place).ended
    assert.deepEqual([code, out], [1, ''])
    assert.match(err, /POSTERN_GATEWAY_PORT/)
    assert.match(err, /The gateway ended with exit code 1, so the identity provider is not left running either\./)
    assert.doesNotMatch(err, /\n +at /)
    assert.equal(await answers(place.idpUrl), false)
  })

  test('one that dies later brings the other down: 1', async (t) => {
    const place = await placeFor(t)
    const running = serving(t, place)
    await running.ready
    process.kill(await childOf(running, 'gateway'), 'SIGKILL')
    const { code, err } = await running.ended
    assert.equal(code, 1)
    assert.match(err, /The gateway ended with SIGKILL, so the identity provider is not left running either\./)
    await untilSilent(place.idpUrl, place.gatewayUrl)
  })

  test('killed itself, it leaves no server behind', async (t) => {
    const place = await placeFor(t)
    const running = serving(t, place)
    await running.ready
    running.process.kill('SIGKILL')
    await untilSilent(place.idpUrl, place.gatewayUrl)
  })

  test('a wrong setting is one sentence and starts nothing: 1', async (t) => {
    const place = await placeFor(t)
    const { code, err } = await serving(t, place, { POSTERN_LOG_LEVEL: 'loud' }).ended
    assert.equal(code, 1)
    assert.match(err, /^postern: POSTERN_LOG_LEVEL must be one of [^\n]*\n$/)
  })

  test('port 0 takes any that is free', async (t) => {
    const place = await placeFor(t)
    const running = serving(t, place, { POSTERN_IDP_PORT: '0', POSTERN_GATEWAY_PORT: '0' })
    const banner = await running.ready
    for (const name of ['identity provider', 'gateway']) {
      const url = new RegExp(`${name} +(http://localhost:[1-9]\\d+)`).exec(banner)?.[1]
      assert.ok(url !== undefined && (await answers(url)), name)
    }
    await running.stop()
  })
})

/** The process of a server, found by its entry among the children of `postern serve`. */
async function childOf(running: Serving, role: string): Promise<number> {
  const parent = running.process.pid
  const children = await readFile(`/proc/${parent}/task/${parent}/children`, 'utf8')
  for (const pid of children.trim().split(' ')) {
    if ((await readFile(`/proc/${pid}/cmdline`, 'utf8')).includes(`${role}/src/main.ts`)) return Number(pid)
  }
  throw new Error(`no ${role} among the children of postern serve`)
}

describe('the verbs, against running servers', { timeout: 240_000 }, () => {
  test('token, apply, export, check', async (t) => {
    const place = await placeFor(t)
    const running = serving(t, place)
    await running.ready

    await t.test('a token alone on stdout; with --json its lifetime too', async () => {
      const { code, out, err } = await place.postern(['token', 'demo'])
      assert.deepEqual([code, err], [0, ''])
      assert.match(out, /^[\w-]+\.[\w-]+\.[\w-]+\n$/)
      const { accessToken, expiresIn, tokenType } = JSON.parse(
        (await place.postern(['token', 'demo', '--ttl', '60', '--json'])).out,
      )
      assert.deepEqual([typeof accessToken, expiresIn, tokenType], ['string', 60, 'Bearer'])
    })

    await t.test('scopes are sent as they are asked for', async () => {
      const { code, err } = await place.postern(['token', '--scope', 'read write', '--scope', 'list', 'demo'])
      assert.equal(code, 3)
      assert.match(err, /answered 400: .*scope/)
    })

    await t.test('what the server refuses: 3, with its sentence', async () => {
      const unknown = await place.postern(['token', 'nobody'])
      assert.deepEqual([unknown.code, unknown.out], [3, ''])
      assert.match(unknown.err, /^postern: The identity provider answered 404: .+/)
      const wrong = await place.postern(['token', 'demo', '--admin-token', 'x'.repeat(40)])
      assert.equal(wrong.code, 3)
      assert.match(wrong.err, /does not know this admin token; look at --admin-token, POSTERN_ADMIN_TOKEN or the file/)
      assert.doesNotMatch(wrong.err, /xxxx/)
      const none = await place.postern(['token', 'demo'], { POSTERN_DATA_DIR: '/nonexistent' })
      assert.equal(none.code, 3)
      assert.match(none.err, /wants its admin token, and none was found/)
    })

    const file = join(place.folder, 'postern.yaml')
    const seed = (poolMore: string) => `version: 1
pools:
  - id: team
    ${poolMore}
    resources: [{ identifier: /tools }]
    clients: [{ clientId: worker, clientType: MACHINE_TO_MACHINE, clientSecret: "\${SECRET}" }]
services:
  - id: tools
    path: /tools
    backend: { type: builtin }
    authorizers: [{ type: CustomJWT, pool: team }]
`
    const env = { SECRET: 's'.repeat(40) }

    await t.test('apply says what it changed, and the second time nothing', async () => {
      await writeFile(file, seed(`name: the team\n    description: "costs $$\${SECRET}"`))
      const first = await place.postern(['apply', file], env)
      assert.deepEqual([first.code, first.err], [0, ''])
      assert.match(first.out, /^KIND +ID +ACTION\n/)
      assert.match(first.out, /^pool +team +created$/m)
      assert.match(first.out, /^client +team\/worker +created$/m)
      assert.match(first.out, /^service +tools +created$/m)
      const second = await place.postern(['apply', file], env)
      assert.match(second.out, /: nothing to change \(\d+ unchanged\)\n$/)
    })

    await t.test('an immutable field: 3, with file, line and column', async () => {
      await writeFile(file, seed('signInAttributes: [email]'))
      const { code, err } = await place.postern(['apply', file], env)
      assert.equal(code, 3)
      assert.match(err, /postern\.yaml:4:\d+ pools\[0\]\.signInAttributes /)
    })

    await t.test('export is a seed file of its own: no secret in it, and applying it changes nothing', async () => {
      const exported = await place.postern(['export'])
      assert.equal(exported.code, 0)
      assert.ok(!exported.out.includes(env.SECRET))
      assert.match(exported.out, /secretHash: /)
      await writeFile(file, exported.out)
      assert.equal((await place.postern(['check', file])).code, 0)
      const applied = await place.postern(['apply', file, '--prune'])
      assert.match(applied.out, /: nothing to change/, applied.err)
      assert.deepEqual(JSON.parse((await place.postern(['export', '--json'])).out).version, 1)
    })

    await t.test('--prune deletes what the file does not name', async () => {
      await writeFile(file, 'version: 1\npools: [{ id: default }]\n')
      const { code, out, err } = await place.postern(['apply', file, '--prune'])
      assert.equal(code, 0, err)
      assert.match(out, /^pool +team +pruned$/m)
      assert.match(out, /^service +tools +pruned$/m)
    })

    await running.stop()
  })
})
