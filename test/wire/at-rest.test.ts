// Secrets of what is made over the wire are shown again, and are sealed in the files.
import assert from 'node:assert/strict'
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { startGateway } from '@postern/gateway/testing'
import { startIdp } from '@postern/idp/testing'
import { callWire, temporaryFolder } from '@postern/server/testing'

const accessKey = { accessKeyId: 'AKLTatrest', secretAccessKey: 'YXQtcmVzdC1zZWNyZXQta2V5' }
const seed = { version: 1 as const, accessKeys: [accessKey] }

/** All that is in a folder, as one text. */
async function filesOf(folder: string): Promise<string> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  const contents = files.map(({ parentPath, name }) => readFile(join(parentPath, name), 'latin1'))
  return (await Promise.all(contents)).join('\n')
}

/** Names are there, so the files were read; secrets are not, while the server runs and after. */
async function assertSealed(folder: string, name: string, secrets: readonly string[]): Promise<void> {
  const files = await filesOf(folder)
  assert.ok(files.includes(name))
  for (const secret of secrets) {
    assert.ok(secret.length >= 16)
    const forms = [secret, Buffer.from(secret).toString('base64'), Buffer.from(secret).toString('hex')]
    for (const form of forms) assert.ok(!files.includes(form), `${name}: one of its secrets is in the files`)
  }
}

test('keys, what packages are given, and credentials of backends are sealed in the gateway', async (t) => {
  const folder = await temporaryFolder()
  t.after(() => folder.remove())
  const database = join(folder.path, 'database')
  await mkdir(database)
  const env = { POSTERN_DATABASE_URL: `sqlite:${join(database, 'gateway.db')}` }
  const gateway = await startGateway({ seed, dataDir: folder.path, env })
  t.after(() => gateway.close())
  let calls = 0
  const call = async (action: string, body: object) => {
    calls += 1
    const headers = { 'x-call': String(calls) }
    const answer = await callWire({ url: gateway.url, action, service: 'agentkit', accessKey, body, headers })
    assert.equal(answer.status, 200, answer.message)
    return answer.result
  }
  const [inEnv, inHeaders, outbound] = [
    'env-value-to-be-sealed',
    'header-value-to-be-sealed',
    'Bearer key-to-be-sealed',
  ]
  const packaged = (server: object) => ({
    BackendType: 'CustomPublic',
    BackendConfiguration: {
      CustomMcpConfiguration: { PublicPackage: { RawConfig: JSON.stringify({ mcpServers: { one: server } }) } },
    },
  })
  const backends = [
    packaged({ command: process.execPath, args: ['-e', ''], env: { TOKEN: inEnv } }),
    packaged({ url: 'https://mcp.example/mcp', headers: { 'X-Key': inHeaders } }),
    {
      BackendType: 'Domain',
      BackendConfiguration: { CustomConfiguration: { Domain: 'mcp.example' } },
      OutboundAuthorizerConfiguration: {
        AuthorizerType: 'ApiKey',
        Authorizer: { KeyAuth: { ApiKeys: [{ Name: 'backend', Key: outbound }] } },
      },
    },
  ]
  const keys: string[] = []
  const shown: string[] = []
  for (const [index, backend] of backends.entries()) {
    const ApiKeys = [{ Name: 'one' }, { Name: 'two' }]
    const { MCPServiceId } = await call('CreateMCPService', {
      Name: `sealed-service-${index}`,
      ProtocolType: 'MCP',
      Path: '/mcp',
      InboundAuthorizerConfiguration: { AuthorizerType: 'ApiKey', Authorizer: { KeyAuth: { ApiKeys } } },
      ...backend,
    })
    const { MCPService } = await call('GetMCPService', { MCPServiceId })
    shown.push(JSON.stringify(MCPService))
    const own = MCPService.InboundAuthorizerConfiguration.Authorizer.KeyAuth.ApiKeys
    keys.push(...own.map(({ Key }: { Key: string }) => Key))
  }
  assert.equal(new Set(keys).size, 6)
  for (const secret of [inEnv, inHeaders, outbound]) assert.ok(shown.join().includes(secret), 'shown again')
  const secrets = [...keys, inEnv, inHeaders, outbound, accessKey.secretAccessKey]
  // Elsewhere in the folder of a gateway that runs, files come and go.
  await assertSealed(database, 'sealed-service-2', secrets)
  await gateway.close()
  await assertSealed(folder.path, 'sealed-service-2', secrets)
})

test('secrets of clients are sealed in the identity provider', async (t) => {
  const folder = await temporaryFolder()
  t.after(() => folder.remove())
  const idp = await startIdp({ seed, env: { POSTERN_DATABASE_URL: `sqlite:${join(folder.path, 'idp.db')}` } })
  t.after(() => idp.close())
  const call = async (action: string, body: object) => {
    const answer = await callWire({ url: idp.url, action, service: 'id', accessKey, body })
    assert.equal(answer.status, 200, answer.message)
    return answer.result
  }
  const { Uid: UserPoolUid } = await call('CreateUserPool', { Name: 'sealed-pool' })
  const given = { UserPoolUid, Name: 'sealed-client', ClientType: 'MACHINE_TO_MACHINE' }
  const { Uid: ClientUid, ClientSecret } = await call('CreateUserPoolClient', given)
  assert.equal((await call('GetUserPoolClient', { UserPoolUid, ClientUid })).ClientSecret, ClientSecret, 'shown again')
  const secrets = [ClientSecret, accessKey.secretAccessKey]
  await assertSealed(folder.path, 'sealed-client', secrets)
  await idp.close()
  await assertSealed(folder.path, 'sealed-client', secrets)
})
