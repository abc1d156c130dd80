import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { promisify } from 'node:util'
import { type TemporaryFolder, temporaryFolder } from '@postern/server/testing'
import { run } from './run.ts'

const accessKey = { POSTERN_ACCESS_KEY_ID: 'AKLTexample', POSTERN_SECRET_ACCESS_KEY: "a-secret-with-'quotes'-in-it" }

async function postern(argv: readonly string[], env: Record<string, string>) {
  const out: string[] = []
  const err: string[] = []
  const terminal = {
    env,
    out: (line: string) => void out.push(line),
    err: (line: string) => void err.push(line),
    status() {},
  }
  const code = await run(argv, terminal)
  return { code, out: out.join('\n'), err: err.join('\n') }
}

async function inFolder(work: (folder: TemporaryFolder['path'], env: Record<string, string>) => Promise<void>) {
  const folder = await temporaryFolder()
  try {
    await work(folder.path, {
      POSTERN_DATA_DIR: folder.path,
      POSTERN_IDP_URL: 'http://localhost:5700',
      POSTERN_GATEWAY_URL: 'http://localhost:5701',
    })
  } finally {
    await folder.remove()
  }
}

const python = (() => {
  try {
    execFileSync('python3', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})()

describe('postern env --python', () => {
  test('prints what a shell can eval, the secret in no file', async () => {
    await inFolder(async (folder, env) => {
      const { code, out, err } = await postern(['env', '--python'], { ...env, ...accessKey, PYTHONPATH: '/mine' })
      assert.equal(code, 0, err)
      const show =
        'printf "%s\\n" "$VOLCENGINE_ACCESS_KEY" "$VOLCENGINE_SECRET_KEY" "$VOLCENGINE_AGENTKIT_HOST" "$VOLCENGINE_AGENTKIT_SCHEME" "$VOLCENGINE_AGENTKIT_SCHEMA" "$PYTHONPATH"'
      const shell = await promisify(execFile)('sh', ['-c', `${out}\n${show}`])
      const shim = join(folder, 'python')
      assert.deepEqual(shell.stdout.trim().split('\n'), [
        'AKLTexample',
        accessKey.POSTERN_SECRET_ACCESS_KEY,
        'localhost:5701',
        'http',
        'http',
        `${shim}:/mine`,
      ])
      const text = await readFile(join(shim, 'sitecustomize.py'), 'utf8')
      assert.match(text, /HOST = "localhost:5700"/)
      assert.ok(!`${text}${err}`.includes(accessKey.POSTERN_SECRET_ACCESS_KEY))
      const again = await postern(['env', '--python', '--json'], { ...env, ...accessKey, PYTHONPATH: shim })
      assert.equal(JSON.parse(again.out).PYTHONPATH, shim)
    })
  })

  test('takes the first access key of the seed file', async () => {
    await inFolder(async (folder, env) => {
      const file = join(folder, 'seed.yaml')
      await writeFile(file, 'version: 1\naccessKeys: [{ accessKeyId: AKLTseed, secretAccessKey: 0123456789abcdef }]\n')
      const { out } = await postern(['env', '--python', '--json'], { ...env, POSTERN_CONFIG: file })
      assert.equal(JSON.parse(out).VOLCENGINE_ACCESS_KEY, 'AKLTseed')
    })
  })

  test('says what to do where there is no key, no language, or a file of somebody else', async () => {
    await inFolder(async (folder, env) => {
      const none = await postern(['env', '--python'], env)
      assert.deepEqual([none.code, none.out], [1, ''])
      assert.match(none.err, /POSTERN_ACCESS_KEY_ID and POSTERN_SECRET_ACCESS_KEY/)
      const half = await postern(['env', '--python'], { ...env, POSTERN_ACCESS_KEY_ID: 'x' })
      assert.deepEqual([half.code, half.out], [1, ''])
      assert.equal((await postern(['env'], { ...env, ...accessKey })).code, 2)
      const theirs = join(folder, 'sitecustomize.py')
      await writeFile(theirs, 'print("mine")\n')
      const refused = await postern(['env', '--python', '--dir', folder], { ...env, ...accessKey })
      assert.deepEqual([refused.code, refused.out], [1, ''])
      assert.equal(await readFile(theirs, 'utf8'), 'print("mine")\n')
    })
  })

  test('the shim points the SDK at the provider, and runs another sitecustomize', {
    skip: !python && 'python3 is not here',
  }, async () => {
    await inFolder(async (folder, env) => {
      await postern(['env', '--python'], { ...env, ...accessKey })
      const site = join(folder, 'site')
      await mkdir(join(site, 'volcenginesdkcore'), { recursive: true })
      await writeFile(join(site, 'sitecustomize.py'), 'print("another one")\n')
      await writeFile(join(site, 'volcenginesdkcore', '__init__.py'), 'from .configuration import Configuration\n')
      const configuration =
        'class Configuration:\n    def __init__(self):\n        self.host = "elsewhere"\n        self.scheme = "https"\n'
      await writeFile(join(site, 'volcenginesdkcore', 'configuration.py'), configuration)
      const program = 'import volcenginesdkcore as v; c = v.Configuration(); print(c.host, c.scheme, c.schema)'
      const PYTHONPATH = `${join(folder, 'python')}:${site}`
      const { stdout } = await promisify(execFile)('python3', ['-c', program], { env: { ...process.env, PYTHONPATH } })
      assert.deepEqual(stdout.trim().split('\n'), ['another one', 'localhost:5700 http http'])
    })
  })
})
