// Calls that a started identity provider and gateway refuse, and the access key of the environment.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startGateway } from '@postern/gateway/testing'
import { startIdp } from '@postern/idp/testing'
import { callWire, sendAgain, signedRequest, temporaryFolder } from '@postern/server/testing'

const accessKey = { accessKeyId: 'AKLTenvironment', secretAccessKey: 'ZW52aXJvbm1lbnQtc2VjcmV0' }
const env = {
  POSTERN_ACCESS_KEY_ID: accessKey.accessKeyId,
  POSTERN_SECRET_ACCESS_KEY: accessKey.secretAccessKey,
}
const RawConfig = JSON.stringify({ mcpServers: { none: { url: 'https://mcp.example/mcp' } } })
const quarter = 15 * 60 * 1000

const servers = [
  {
    service: 'id',
    start: () => startIdp({ env }),
    action: 'CreateUserPool',
    body: { Name: 'pool' },
    list: { action: 'ListUserPools', body: { PageNumber: 1, PageSize: 10 } },
  },
  {
    service: 'agentkit',
    start: () => startGateway({ env }),
    action: 'CreateMCPService',
    body: {
      Name: 'service',
      Path: '/mcp',
      ProtocolType: 'MCP',
      BackendType: 'CustomPublic',
      BackendConfiguration: { CustomMcpConfiguration: { PublicPackage: { RawConfig } } },
    },
    list: { action: 'ListMCPServices', body: {} },
  },
] as const

for (const { service, start, action, body, list } of servers) {
  describe(`a started server for ${service}`, () => {
    it('takes the access key of its environment, and no call that is stale, swapped or replayed', async () => {
      await using server = await start()
      let calls = 0
      const toSign = (given: { now?: number; body?: object } = {}) => {
        calls += 1
        const headers = { 'x-call': String(calls) }
        return { url: server.url, action, service, accessKey, body, headers, ...given }
      }
      const count = async (): Promise<number> => (await callWire({ ...toSign(), ...list })).result.TotalCount
      for (const away of [-quarter - 5000, quarter + 5000]) {
        const { status, code } = await callWire(toSign({ now: Date.now() + away }))
        assert.deepEqual([status, code], [400, 'InvalidTimestamp'])
      }
      const signed = signedRequest(toSign())
      const other = signedRequest(toSign({ body: { ...body, Name: 'evil' } })).init
      const hash = { 'x-content-sha256': other.headers['x-content-sha256'] }
      for (const init of [
        { ...signed.init, body: other.body },
        { ...signed.init, body: other.body, headers: { ...signed.init.headers, ...hash } },
      ]) {
        const { status, code } = await sendAgain(server.url, { ...signed, init })
        assert.deepEqual([status, code], [401, 'SignatureDoesNotMatch'])
      }
      const wrong = { accessKeyId: accessKey.accessKeyId, secretAccessKey: `${accessKey.secretAccessKey}x` }
      assert.equal((await callWire({ ...toSign(), accessKey: wrong })).code, 'SignatureDoesNotMatch')
      assert.equal(await count(), 0, 'nothing was made')
      const made = await sendAgain(server.url, signed)
      assert.equal(made.status, 200, made.code)
      const replayed = await sendAgain(server.url, signed)
      assert.deepEqual([replayed.status, replayed.code], [400, 'InvalidTimestamp'])
      assert.equal(await count(), 1, 'made once')
    })
  })
}

it('a gateway that was started again refuses what it was sent before', async (t) => {
  const folder = await temporaryFolder()
  t.after(() => folder.remove())
  const start = () => startGateway({ env, dataDir: folder.path })
  const { service, action, body } = servers[1]
  const toSign = { action, service, accessKey, body }
  let gateway = await start()
  const sign = (name: string) => signedRequest({ ...toSign, url: gateway.url, headers: { 'x-call': name } })
  const [used, unused] = [sign('used'), sign('unused')]
  assert.equal((await sendAgain(gateway.url, used)).status, 200)
  await gateway.close()
  gateway = await start()
  const replayed = await sendAgain(gateway.url, used)
  assert.deepEqual([replayed.status, replayed.code], [400, 'InvalidTimestamp'])
  assert.equal((await sendAgain(gateway.url, unused)).status, 200, 'signed while it was down, sent once')
  const listed = await callWire({ ...toSign, url: gateway.url, action: 'ListMCPServices', body: {} })
  assert.equal(listed.result.TotalCount, 2)
  await gateway.close()
})
