import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLogger, loadSecrets, readSettings } from '@postern/server'
import { callWire, sendAgain, signedRequest, temporaryFolder } from '@postern/server/testing'
import { createIdpServer } from '../server.ts'

test('an identity provider that was started again refuses what it was sent before, and takes what it was not', async (t) => {
  const folder = await temporaryFolder()
  t.after(() => folder.remove())
  const accessKey = { accessKeyId: 'AKLTexample', secretAccessKey: 'c2VjcmV0LWtleS1mb3ItdGVzdHM=' }
  const variables = { POSTERN_MODE: 'development', POSTERN_DATA_DIR: folder.path, POSTERN_IDP_PORT: '0' }
  const settings = readSettings(variables, 'idp')
  const secrets = await loadSecrets(settings)
  const log = createLogger({ level: 'silent', name: 'postern-idp' })
  const start = () => createIdpServer({ settings, secrets, log, accessKeys: [accessKey] })
  const sign = (url: string, Name: string) =>
    signedRequest({ url, action: 'CreateUserPool', service: 'id', accessKey, body: { Name } })

  const first = await start()
  const [used, unused] = [sign(first.url, 'used'), sign(first.url, 'unused')]
  const made = await sendAgain(first.url, used)
  assert.equal(made.status, 200, made.code)
  await callWire({
    url: first.url,
    action: 'DeleteUserPool',
    service: 'id',
    accessKey,
    body: { UserPoolUid: made.result.Uid },
  })
  await first.close()

  const second = await start()
  t.after(() => second.close())
  const replayed = await sendAgain(second.url, used)
  assert.deepEqual([replayed.status, replayed.code], [400, 'InvalidTimestamp'])
  assert.equal((await sendAgain(second.url, unused)).status, 200)
  const body = { PageNumber: 1, PageSize: 10 }
  const { result } = await callWire({ url: second.url, action: 'ListUserPools', service: 'id', accessKey, body })
  assert.deepEqual(
    result.Data.map(({ Name }: { Name: string }) => Name),
    ['unused'],
  )
})
