// mcp-remote, as a host such as Claude Desktop starts it: a server on stdio, behind which is the service.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { freePort } from '../free-port.ts'
import { type House, openHouse, registrationOf, signInAt, toolsOfService } from './house.ts'
import { authorizationUrlIn, deviceUrlIn } from './program.ts'

const program = fileURLToPath(new URL('../../node_modules/mcp-remote/dist/proxy.js', import.meta.url))
const limitMs = 80_000

interface Remote {
  readonly env?: Readonly<Record<string, string>>
  /** Where it keeps its tokens, below the house's folder. */
  readonly memory: string
  /** Sees all that it has printed so far. */
  readonly onText?: (text: string) => void
}

/** Connects through mcp-remote, does something, and ends it. */
async function through<T>(
  house: House,
  options: readonly string[],
  { env, memory, onText }: Remote,
  use: (client: Client) => Promise<T>,
): Promise<T> {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [program, house.service.url, `${await freePort()}`, ...options],
    env: { ...house.env, MCP_REMOTE_CONFIG_DIR: join(house.folder, memory), ...env },
    stderr: 'pipe',
  })
  let text = ''
  transport.stderr?.on('data', (chunk: Buffer) => {
    text += chunk.toString()
    onText?.(text)
  })
  const client = new Client({ name: 'host', version: '1' })
  try {
    await client.connect(transport, { timeout: limitMs })
    return await use(client)
  } catch (error) {
    throw new Error(`mcp-remote said: ${text}`, { cause: error })
  } finally {
    await client.close()
  }
}

async function toolsAndCaller(client: Client): Promise<{ kind: string; subject: string; clientId: string }> {
  const { tools } = await client.listTools()
  assert.deepEqual(tools.map(({ name }) => name).sort(), toolsOfService)
  const { content } = await client.callTool({ name: 'whoami', arguments: {} })
  const [part] = content as { text: string }[]
  return JSON.parse(part?.text ?? '')
}

describe('mcp-remote', { timeout: 280_000 }, () => {
  let house: House
  before(async () => {
    house = await openHouse()
  })
  after(() => house.close())

  test('registers itself, prints where ada is to sign in, and does not ask a second time', async () => {
    let signedIn: Promise<void> | undefined
    const first = await through(
      house,
      ['--auth-timeout', '60'],
      {
        memory: 'by-hand',
        // A browser that does nothing: ada opens what is printed.
        env: { BROWSER: 'true' },
        onText(text) {
          const url = authorizationUrlIn(text)
          if (url !== undefined) signedIn ??= signInAt(house, url)
        },
      },
      toolsAndCaller,
    )
    await signedIn
    assert.equal(first.subject, house.ada.id)
    assert.equal(await registrationOf(house, first.clientId), 'dynamic')

    const silent = { memory: 'by-hand', env: { BROWSER: 'false' } }
    assert.deepEqual(await through(house, [], silent, toolsAndCaller), first)
  })

  for (const protocol of ['legacy', 'auto']) {
    test(`signs in as a machine: --protocol ${protocol}`, async () => {
      const { clientId, clientSecret } = await house.pool.createClient({ name: 'job' })
      const info = JSON.stringify({ client_id: clientId, client_secret: `\${SECRET}` })
      // Left to itself it asks for the scopes of the pool's other resources too, which are refused to a machine.
      const scope = ['--static-oauth-client-metadata', JSON.stringify({ scope: 'openid' })]
      const options = ['--client-credentials', '--static-oauth-client-info', info, ...scope, '--protocol', protocol]
      const env = { SECRET: clientSecret ?? '', BROWSER: 'false' }
      const { subject } = await through(house, options, { memory: `machine-${protocol}`, env }, toolsAndCaller)
      assert.equal(subject, clientId)
    })
  }

  test('signs in by a device code, with a registration of its own', async () => {
    let approved: Promise<URL> | undefined
    const caller = await through(
      house,
      ['--device-code'],
      {
        memory: 'device',
        env: { BROWSER: 'false' },
        onText(text) {
          const url = deviceUrlIn(text)
          if (url !== undefined) approved ??= house.pool.approve(url, house.ada)
        },
      },
      toolsAndCaller,
    )
    await approved
    assert.equal(caller.subject, house.ada.id)
    assert.equal(await registrationOf(house, caller.clientId), 'dynamic')
  })
})

test('mcp-remote opens a browser, and a pool that approves by itself sends it straight back', {
  timeout: 100_000,
}, async () => {
  const house = await openHouse({ unattended: true })
  try {
    const caller = await through(house, ['--auth-timeout', '60'], { memory: 'by-itself' }, toolsAndCaller)
    assert.equal(caller.subject, house.ada.id)
  } finally {
    await house.close()
  }
})
