import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readSettings } from '@postern/server'
import { startIdp } from '../testing/start-idp.ts'
import { banner } from './banner.ts'
import { unattendedApprovals } from './unattended.ts'

test('pools and clients that approve by themselves are found, page by page', async () => {
  await using idp = await startIdp()
  const env = { POSTERN_IDP_URL: idp.url, POSTERN_ADMIN_TOKEN: idp.adminToken }
  assert.deepEqual(await unattendedApprovals(env), { found: [], isComplete: true })
  const open = await idp.createPool({ name: 'open', unattendedUser: 'ada' })
  const half = await idp.createPool({ name: 'half' })
  for (let made = 0; made < 101; made += 1) await half.createClient({ name: `quiet ${made}` })
  const robot = await half.createClient({
    name: 'robot',
    clientType: 'MOBILE_APPLICATION',
    redirectUris: ['http://127.0.0.1/cb'],
    unattendedUser: 'bob',
  })
  assert.deepEqual(await unattendedApprovals(env), {
    found: [
      { poolId: open.id, user: 'ada' },
      { poolId: half.id, clientId: robot.clientId, user: 'bob' },
    ],
    isComplete: true,
  })
  assert.deepEqual(await unattendedApprovals({ ...env, POSTERN_ADMIN_TOKEN: 'wrong' }), {
    found: [],
    isComplete: false,
  })
})

test('the banner warns of each, of how many more there are, and where not all could be looked at', () => {
  const settings = { idp: readSettings({}, 'idp'), gateway: readSettings({}, 'gateway') }
  const warnings = (unattended: Parameters<typeof banner>[3]) =>
    banner(settings, 1000, { POSTERN_DATA_DIR: '/nowhere' }, unattended)
      .split('\n')
      .filter((line) => line.includes('WARNING'))
  assert.deepEqual(warnings({ found: [], isComplete: true }), [])
  const found = [
    { poolId: 'a', user: 'ada' },
    { poolId: 'b', clientId: 'robot', user: 'bob' },
  ]
  assert.deepEqual(warnings({ found, isComplete: true }), [
    '  WARNING: pool a approves every sign-in by itself as ada, without a password (unattendedUser).',
    '  WARNING: client robot of pool b approves every sign-in by itself as bob, without a password (unattendedUser).',
  ])
  const many = warnings({
    found: Array.from({ length: 13 }, (_, index) => ({ poolId: `p${index}`, user: 'u' })),
    isComplete: false,
  })
  assert.equal(many.length, 12)
  assert.match(many[10] ?? '', /so do 3 more/)
  assert.match(many[11] ?? '', /not every pool and client could be looked at/)
})
