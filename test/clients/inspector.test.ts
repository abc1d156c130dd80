// The Inspector's command line, from the address of a service to its tools.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { ensureLocalTls, localTlsFiles, trustAuthority } from '@postern/server'
import { freePort } from '../free-port.ts'
import { type House, openHouse, registered, signInAt, toolsOfService } from './house.ts'
import { authorizationUrlIn, type Ran, runProgram } from './program.ts'

const program = fileURLToPath(
  new URL('../../node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js', import.meta.url),
)
const eras = ['legacy', 'modern'] as const
let runs = 0

/** Lists the tools of the service, with nothing kept from the runs before. */
async function listTools(house: House, options: readonly string[], port?: number): Promise<Ran> {
  const callback = `http://127.0.0.1:${port ?? (await freePort())}/oauth/callback`
  const args = [house.service.url, '--transport', 'http', '--method', 'tools/list', '--format', 'json']
  const storage = join(house.folder, `inspector-${runs++}`)
  let signedIn: Promise<void> | undefined
  const ran = await runProgram([program, '--cli', ...args, '--callback-url', callback, ...options], {
    env: {
      ...house.env,
      // A browser that does nothing: ada opens what is printed.
      BROWSER: 'true',
      MCP_AUTO_OPEN_ENABLED: 'true',
      MCP_STORAGE_DIR: storage,
      MCP_INSPECTOR_SECRET_STORE: 'memory',
    },
    onText(text) {
      const url = authorizationUrlIn(text)
      if (url !== undefined) signedIn ??= signInAt(house, url)
    },
  })
  await signedIn
  return ran
}

function assertTools({ code, out, err }: Ran): void {
  assert.equal(code, 0, out + err)
  const { tools } = JSON.parse(out).result
  assert.deepEqual(tools.map(({ name }: { name: string }) => name).sort(), toolsOfService)
}

describe('the Inspector', { timeout: 280_000 }, () => {
  let house: House
  before(async () => {
    house = await openHouse({ env: { POSTERN_ALLOW_LOOPBACK_CLIENT_DOCUMENTS: 'true' } })
  })
  after(() => house.close())

  for (const era of eras) {
    test(`registers itself, ada signs in: ${era}`, async () => {
      const before = await registered(house)
      assertTools(await listTools(house, ['--protocol-era', era]))
      assert.equal(await registered(house), before + 1)
    })

    test(`with a client id of its own: ${era}`, async () => {
      const { clientId } = await house.pool.createClient({
        name: 'Inspector',
        clientType: 'MOBILE_APPLICATION',
        redirectUris: ['http://127.0.0.1/oauth/callback'],
      })
      const before = await registered(house)
      assertTools(await listTools(house, ['--protocol-era', era, '--client-id', clientId]))
      assert.equal(await registered(house), before)
    })
  }

  describe('with a metadata document', () => {
    let clientId: string
    let asked = 0
    const port = freePort()
    const server = createServer((_req, res) => {
      asked += 1
      res.setHeader('content-type', 'application/json')
      port.then((callback) =>
        res.end(
          JSON.stringify({
            client_id: clientId,
            client_name: 'Inspector with a document',
            redirect_uris: [`http://127.0.0.1:${callback}/oauth/callback`],
            grant_types: ['authorization_code', 'refresh_token'],
            response_types: ['code'],
            token_endpoint_auth_method: 'none',
          }),
        ),
      )
    })

    before(async () => {
      const options = { dataDir: house.folder, hosts: [] }
      const { cert, key } = await ensureLocalTls(options)
      server.setSecureContext({ cert: await readFile(cert), key: await readFile(key) })
      await trustAuthority(localTlsFiles(house.folder).authority)
      await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
      clientId = `https://localhost:${(server.address() as AddressInfo).port}/client.json`
    })
    after(() => new Promise<void>((resolve) => void server.close(() => resolve())))

    for (const era of eras) {
      test(`ada signs in: ${era}`, async () => {
        const before = await registered(house)
        assertTools(await listTools(house, ['--protocol-era', era, '--client-metadata-url', clientId], await port))
        assert.deepEqual([await registered(house), asked], [before, 1])
      })
    }
  })

  test('with a bearer that is good', async () => {
    const client = await house.pool.createClient({ name: 'job' })
    const token = await house.pool.token({ client, resource: house.service.url })
    assertTools(await listTools(house, ['--stored-auth-only', '--header', `Authorization: Bearer ${token}`]))
  })

  test('ends with 3 where the bearer is wrong, or nobody may be asked', async () => {
    const wrong = await listTools(house, ['--stored-auth-only', '--header', 'Authorization: Bearer wrong'])
    assert.equal(wrong.code, 3, wrong.out + wrong.err)
    const none = await listTools(house, ['--stored-auth-only'])
    assert.equal(none.code, 3, none.out + none.err)
  })
})
