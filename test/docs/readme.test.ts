import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { fencedBlocks } from './blocks.ts'
import { createNewcomer, type Newcomer } from './newcomer.ts'

const root = join(import.meta.dirname, '..', '..')
const blocks = fencedBlocks(await readFile(join(root, 'README.md'), 'utf8'))
const inLanguage = (language: string) => blocks.filter((block) => block.language === language)

// What the README shows is done in its order by one newcomer, in a folder and on ports of the newcomer's own.
describe('the README is true', { timeout: 300_000 }, () => {
  let newcomer: Newcomer
  before(async () => {
    newcomer = await createNewcomer()
  })
  after(() => newcomer.close())

  test('every block is of a kind that is tested here', () => {
    const kinds = new Set(blocks.map(({ language }) => language))
    assert.deepEqual([...kinds].sort(), ['bash', 'console', 'sh', 'ts', 'yaml'])
  })

  test('npm start prints what it shows, and no secret', async () => {
    const [shown] = inLanguage('console')
    const expected = newcomer
      .onOurPorts(shown?.text ?? '')
      .split('\n')
      .slice(1, -1)
    const seconds = /\(\d+\.\d s\)/
    const printed = newcomer.banner.split('\n').slice(0, expected.length)
    assert.deepEqual(
      printed.map((line) => line.replace(seconds, '(s)')),
      expected.map((line) => line.replace(seconds, '(s)')),
    )
    for (const file of ['demo-secret', 'demo-password', 'admin-token']) {
      const secret = (await readFile(join(newcomer.folder, 'data', file), 'utf8')).trim()
      assert.ok(!newcomer.banner.includes(secret), file)
    }
  })

  test('the lines that npm start prints can be pasted', async () => {
    const lines = newcomer.banner.split('\n')
    const from = lines.findIndex((line) => line.includes('export TOKEN=$('))
    const to = lines.findIndex((line) => line.startsWith('An MCP client'))
    const printed = await newcomer.run('bash', ['-euo', 'pipefail', '-c', lines.slice(from, to).join('\n')])
    assert.match(printed, /demo/)
    const json = lines.slice(lines.indexOf('  {'), lines.indexOf('  }') + 1).join('\n')
    const url = newcomer.onOurPorts('http://localhost:4701/mcp')
    assert.deepEqual(JSON.parse(json), { mcpServers: { everyday: { type: 'http', url } } })
    assert.ok(newcomer.banner.includes(`  claude mcp add --transport http everyday ${url}\n`))
  })

  test('the lines for MCP clients are those that it prints, and those whose programs are here connect', async () => {
    const lines = newcomer.onOurPorts(inLanguage('sh')[0]?.text ?? '').split('\n')
    const [claude, code, cursor, inspector, remote] = lines.filter((line) => !line.startsWith('#'))
    const url = newcomer.onOurPorts('http://localhost:4701/mcp')
    assert.ok(newcomer.banner.includes(`  ${claude}\n`))
    const added = /^code --add-mcp '(.*)'$/.exec(code ?? '')?.[1]
    assert.deepEqual(JSON.parse(added ?? ''), { name: 'everyday', type: 'http', url })
    await newcomer.run('bash', ['-euc', cursor ?? ''])
    const written = await readFile(join(newcomer.folder, '.cursor', 'mcp.json'), 'utf8')
    assert.deepEqual(JSON.parse(written), { mcpServers: { everyday: { url } } })

    await newcomer.unattended('demo')
    const listed = await newcomer.run('bash', ['-euc', inspector ?? ''])
    assert.match(listed, /whoami/)
    const client = new Client({ name: 'host', version: '1' })
    const env = { ...newcomer.env, MCP_REMOTE_CONFIG_DIR: join(newcomer.folder, 'mcp-remote') }
    try {
      await client.connect(
        new StdioClientTransport({
          command: 'bash',
          args: ['-euc', remote ?? ''],
          env,
          cwd: newcomer.folder,
          stderr: 'ignore',
        }),
      )
      const { content } = await client.callTool({ name: 'whoami', arguments: {} })
      assert.match(JSON.stringify(content), /"kind\\*": *\\*"jwt/)
    } finally {
      await client.close()
    }
  })

  test('the TypeScript compiles and runs', async () => {
    const [inATest, server] = inLanguage('ts').map(({ text }) => newcomer.onOurPorts(text))
    await writeFile(join(newcomer.folder, 'in-a-test.test.ts'), inATest ?? '')
    await writeFile(join(newcomer.folder, 'server.ts'), server ?? '')
    const options = [
      '--noEmit',
      '--strict',
      '--module',
      'nodenext',
      '--target',
      'es2024',
      '--skipLibCheck',
      '--types',
      'node',
    ]
    await newcomer.run('tsc', [
      '--ignoreConfig',
      '--allowImportingTsExtensions',
      ...options,
      'in-a-test.test.ts',
      'server.ts',
    ])
    assert.match(await newcomer.run('node', ['--test', 'in-a-test.test.ts']), /pass 1/)
    await newcomer.start('node', ['server.ts'], 'http://localhost:3000/mcp')
  })

  test('the shell lines do what they say, from the first to the last', async () => {
    await writeFile(join(newcomer.folder, 'postern.yaml'), inLanguage('yaml')[0]?.text ?? '')
    const script = inLanguage('bash').flatMap(({ text, line }) => [
      `printf '\\n@@ %s\\n' ${line}`,
      newcomer.onOurPorts(text),
    ])
    const printed = await newcomer.run('bash', ['-euo', 'pipefail', '-c', script.join('\n')])
    const outputs = printed.split(/^@@ \d+$/m).slice(1)
    const [, keyed, pool, service, tools, ownServer, seeded] = outputs
    assert.match(keyed ?? '', /"sequentialthinking"/)
    assert.match(pool ?? '', /"id": ?"agents"/)
    assert.match(service ?? '', /"warnings": ?\[\]/)
    assert.match(tools ?? '', /"sequentialthinking"/)
    assert.match(ownServer ?? '', /"hello"/)
    assert.match(seeded ?? '', /no mistakes[\s\S]*KIND +ID +ACTION/)
  })
})
