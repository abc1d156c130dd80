import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { promisify } from 'node:util'

const source = new URL('./', import.meta.url)
const forNodeAlone = ['digest/node.ts', 'fetch/dial-node.ts', 'segment/node.ts', 'testing.ts']
const conditional: Record<string, string> = {
  '#digest': './digest/web.ts',
  '#dial': './fetch/dial-web.ts',
  '#segment': './segment/web.ts',
}

async function specifiersOf(file: URL): Promise<string[]> {
  const text = await readFile(file, 'utf8')
  return [...text.matchAll(/(?:^|\n)(?:import|export)\s(?:[^;'"]*?\sfrom\s)?'([^']+)'/g)].map(
    ([, specifier = '']) => specifier,
  )
}

/** The modules that an import of `entry` loads where nothing is Node, and what they import from outside. */
async function graphOf(entry: string): Promise<{ modules: Set<string>; foreign: Set<string> }> {
  const modules = new Set([new URL(entry, source).href])
  const foreign = new Set<string>()
  for (const module of modules) {
    for (const specifier of await specifiersOf(new URL(module))) {
      const inside = conditional[specifier]
      if (inside !== undefined) modules.add(new URL(inside, source).href)
      else if (specifier.startsWith('.')) modules.add(new URL(specifier, module).href)
      else foreign.add(specifier)
    }
  }
  return { modules, foreign }
}

test('index.ts loads every module of this package, and nothing from outside where there is no Node', async () => {
  const { modules, foreign } = await graphOf('index.ts')
  assert.deepEqual([...foreign], [])
  const files = (await readdir(source, { recursive: true })).filter(
    (name) => name.endsWith('.ts') && !name.endsWith('.test.ts'),
  )
  const unused = files.filter((name) => !modules.has(new URL(name, source).href))
  assert.deepEqual(unused.sort(), [...forNodeAlone].sort())
})

test('node: modules and globals of Node alone are in the files for Node only', async () => {
  const files = (await readdir(source, { recursive: true })).filter(
    (name) => name.endsWith('.ts') && !name.endsWith('.test.ts'),
  )
  assert.ok(files.length > 20)
  for (const name of files) {
    const text = await readFile(new URL(name, source), 'utf8')
    if (forNodeAlone.includes(name)) continue
    assert.doesNotMatch(text, /'node:|\bBuffer\b|\bprocess\.|\brequire\(/, name)
  }
})

test('it works with the variants for other platforms, where no node: module can be loaded', async () => {
  const script = `
    import { registerHooks } from 'node:module'
    const conditional = ${JSON.stringify(conditional)}
    registerHooks({
      resolve(specifier, context, next) {
        if (specifier.startsWith('node:')) throw new Error('loads ' + specifier)
        const inside = conditional[specifier]
        return inside ? { url: new URL(inside, ${JSON.stringify(source.href)}).href, shortCircuit: true } : next(specifier, context)
      },
    })
    delete globalThis.Buffer
    const core = await import(${JSON.stringify(new URL('index.ts', source).href)})
    const hash = core.hashApiKey(core.generateApiKey())
    const token = ['eyJhbGciOiJFUzI1NiJ9', 'e30', 'AAAA'].join('.')
    const blocked = await core.guardedFetch('https://[::1]/', { network: 'public-only' }).catch((error) => error.code)
    console.log(JSON.stringify([hash instanceof Promise, (await hash).length, core.parseJws(token).header.alg, blocked]))
  `
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script])
  assert.deepEqual(JSON.parse(stdout), [true, 43, 'ES256', 'blocked'])
})

test('what is exported', async () => {
  assert.deepEqual(Object.keys(await import('@postern/core')).sort(), [
    'FetchProblem',
    'JsonProblem',
    'OAuthError',
    'apiKeyHint',
    'buildChallenge',
    'canonicalResource',
    'checkIssuer',
    'checkResource',
    'constantTimeEqual',
    'createCache',
    'createId',
    'createSingleFlight',
    'decodeBase64url',
    'encodeBase64url',
    'eventKinds',
    'expandScopes',
    'fetchJson',
    'generateApiKey',
    'guardedFetch',
    'hashApiKey',
    'isApiKey',
    'isChallengeText',
    'isId',
    'isLoopbackHost',
    'isNestedDeeper',
    'isPublicAddress',
    'isScopeToken',
    'issuerFromDiscoveryUrl',
    'issuerMetadataUrls',
    'missingScopes',
    'outcomes',
    'parseChallenges',
    'parseJson',
    'parseJws',
    'parseScope',
    'protectedResourceMetadataUrl',
    'randomBase64url',
    'reasons',
    'resourceFromMetadataUrl',
    'sameResource',
    'sha256',
    'sha256Base64url',
    'systemClock',
    'whenReady',
  ])
})
