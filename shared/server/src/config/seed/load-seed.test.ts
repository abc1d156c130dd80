import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { generateApiKey } from '@postern/core'
import fc from 'fast-check'
import { hashSecret } from '../../secret.ts'
import { StartError } from '../../start-error.ts'
import { type TemporaryFolder, temporaryFolder } from '../../testing/temporary-folder.ts'
import { loadSeed, parseSeed, seedError } from './load-seed.ts'
import { SeedError } from './seed-error.ts'
import { substitute } from './substitute.ts'

let folder: TemporaryFolder
before(async () => {
  folder = await temporaryFolder()
})
after(() => folder.remove())

/** The mistakes of a text, a line each. */
function mistakes(text: string, env: Record<string, string> = {}): string[] {
  try {
    parseSeed(text, 'seed.yaml', env)
    return []
  } catch (error) {
    assert.ok(error instanceof SeedError, String(error))
    assert.equal(error.code, 'seed')
    return error.message.split('\n')
  }
}

const good = `# A comment
version: 1
pools:
  - id: default
    accessTokenTtl: 600
    defaultResource: /mcp
    resources:
      - identifier: /mcp
        scopes: [{ name: read }, { name: write, implies: [read] }]
    clients:
      - clientId: demo
        clientType: MACHINE_TO_MACHINE
        clientSecret: \${DEMO_SECRET}
        resources: [/mcp]
services:
  - id: everyday
    path: /mcp
    backend: { type: builtin }
    authorizers:
      - type: CustomJWT
        pool: default
      - type: ApiKey
        apiKeys:
          - name: mine
            key: \${MY_KEY:-${`pst_${'a'.repeat(43)}`}}
`
const env = { DEMO_SECRET: 'd'.repeat(32) }

describe('what is right', () => {
  test('a whole file, defaults filled in, variables put in', async () => {
    const file = join(folder.path, 'good.yaml')
    await writeFile(file, good)
    assert.deepEqual(await loadSeed(file, env), {
      version: 1,
      pools: [
        {
          id: 'default',
          projectName: 'default',
          accessTokenTtl: 600,
          defaultResource: '/mcp',
          resources: [{ identifier: '/mcp', scopes: [{ name: 'read' }, { name: 'write', implies: ['read'] }] }],
          clients: [
            { clientId: 'demo', clientType: 'MACHINE_TO_MACHINE', clientSecret: 'd'.repeat(32), resources: ['/mcp'] },
          ],
        },
      ],
      services: [
        {
          id: 'everyday',
          path: '/mcp',
          projectName: 'default',
          backend: { type: 'builtin' },
          authorizers: [
            { type: 'CustomJWT', pool: 'default' },
            { type: 'ApiKey', apiKeys: [{ name: 'mine', key: `pst_${'a'.repeat(43)}` }] },
          ],
        },
      ],
      toolsets: [],
      accessKeys: [],
    })
  })

  test('JSON is YAML', () => {
    const text = JSON.stringify({ version: 1, pools: [{ id: 'a' }] }, null, 2)
    assert.deepEqual(parseSeed(text, 'seed.json', {}).pools, [{ id: 'a', projectName: 'default' }])
  })

  test('anchors and aliases within reason', () => {
    const text = 'version: 1\npools:\n  - id: a\n    resources: &r [{ identifier: /x }]\n  - id: b\n    resources: *r\n'
    assert.deepEqual(parseSeed(text, 'x', {}).pools[1]?.resources, [{ identifier: '/x' }])
  })

  test('a variable becomes a number or a boolean only where the field is one', () => {
    const text = `version: 1\npools:\n  - id: a\n    name: \${N}\n    accessTokenTtl: \${N}\n    selfSignUpEnabled: \${B}\n`
    const [pool] = parseSeed(text, 'x', { N: '600', B: 'true' }).pools
    assert.deepEqual(pool, {
      id: 'a',
      name: '600',
      accessTokenTtl: 600,
      selfSignUpEnabled: true,
      projectName: 'default',
    })
    assert.deepEqual(mistakes(text, { N: '6e2', B: 'yes' }), [
      'seed.yaml:5:5: pools[0].accessTokenTtl: must be a number, not a string',
      'seed.yaml:6:5: pools[0].selfSignUpEnabled: must be a boolean, not a string',
    ])
    assert.deepEqual(mistakes('version: "1"\n'), ['seed.yaml:1:1: version: must be 1'])
  })

  test('hashes instead of values', () => {
    const hash = hashSecret('x')
    const text = `version: 1
pools: [{ id: a, clients: [{ clientId: c, clientType: MACHINE_TO_MACHINE, secretHash: ${hash} }] }]
services: [{ id: s, path: /s, backend: { type: builtin }, authorizers: [{ type: ApiKey, apiKeys: [{ name: k, keyHash: ${hash} }] }] }]
accessKeys: [{ accessKeyId: AKIA, secretAccessKey: "${'s'.repeat(20)}" }]
`
    assert.deepEqual(mistakes(text), [])
  })
})

describe('what is wrong', () => {
  test('each mistake has its place, field and mend', () => {
    const table: [string, ...string[]][] = [
      ['', 'seed.yaml:1:1: is empty; begin with version: 1'],
      ['# nothing\n', 'seed.yaml:1:1: is empty; begin with version: 1'],
      ['~\n', 'seed.yaml:1:1: must be an object, not null'],
      ['pools: []\n', 'seed.yaml:1:1: version: is required'],
      ['version: 2\n', 'seed.yaml:1:1: version: must be 1'],
      ['version: 1\npool: []\n', 'seed.yaml:2:1: pool: there is no such field; did you mean "pools"?'],
      ['version: 1\npools:\n  - name: a\n', 'seed.yaml:3:5: pools[0].id: is required'],
      [
        'version: 1\npools:\n  - id: a\n    accesTokenTtl: 3\n',
        'seed.yaml:4:5: pools[0].accesTokenTtl: there is no such field; did you mean "accessTokenTtl"?',
      ],
      [
        'version: 1\npools:\n  - id: a\n  - id: b\n  - id: a\n    name: c\n',
        'seed.yaml:5:5: pools[2].id: is the same as [0].id; give each its own',
      ],
      [
        'version: 1\npools:\n  - { id: a, name: x }\n  - { id: b, name: x }\n',
        'seed.yaml:4:14: pools[1].name: is the same as [0].name; give each its own',
      ],
      [
        'version: 1\npools:\n  - id: a\n    resources:\n      - identifier: http://x.example/mcp\n',
        'seed.yaml:5:9: pools[0].resources[0].identifier: use https://; http:// is for localhost',
      ],
      [
        'version: 1\npools:\n  - id: a\n    resources: [{ identifier: /mcp }, { identifier: /mcp }]\n',
        'seed.yaml:4:41: pools[0].resources[1].identifier: is the same as',
      ],
      [
        'version: 1\npools:\n  - id: a\n    resources: [{ identifier: /api/x }]\n',
        'seed.yaml:4:19: pools[0].resources[0].identifier: /api is taken by the gateway itself',
      ],
      [
        'version: 1\npools:\n  - id: a\n    clients:\n      - clientId: c\n        clientType: MACHINE_TO_MACHINE\n',
        'seed.yaml:5:9: pools[0].clients[0].clientSecret: a seeded client brings its secret; give clientSecret or secretHash',
      ],
      [
        `version: 1\npools:\n  - id: a\n    clients:\n      - clientId: c\n        clientType: MACHINE_TO_MACHINE\n        clientSecret: ${'s'.repeat(32)}\n        secretHash: ${hashSecret('x')}\n`,
        'seed.yaml:8:9: pools[0].clients[0].secretHash: give clientSecret or secretHash, not both',
      ],
      [
        `version: 1\npools:\n  - id: a\n    clients:\n      - clientId: c\n        clientType: MACHINE_TO_MACHINE\n        clientSecret: ${'s'.repeat(32)}\n        redirectUris: [https://a.example/]\n`,
        'seed.yaml:8:24: pools[0].clients[0].redirectUris[0]: a machine client has no redirects',
      ],
      [
        'version: 1\nservices:\n  - id: a\n    path: /a\n    backend: { type: builtin }\n  - id: b\n    path: /a\n    backend: { type: builtin }\n',
        'seed.yaml:7:5: services[1].path: is the same as [0].path',
      ],
      [
        'version: 1\nservices:\n  - id: a\n    path: /a\n    backend: { type: stdioo }\n',
        'seed.yaml:5:16: services[0].backend.type: must be one of stdio, http, openapi, builtin; did you mean "stdio"?',
      ],
      [
        'version: 1\npools: [{ id: default }]\nservices:\n  - id: a\n    path: /a\n    backend: { type: builtin }\n    authorizers:\n      - type: CustomJWT\n        pool: defualt\n',
        'seed.yaml:9:9: services[0].authorizers[0].pool: there is no pool defualt in this file; did you mean "default"?',
      ],
      [
        'version: 1\nservices:\n  - id: a\n    path: /a\n    backend: { type: builtin }\n    authorizers: [{ type: CustomJWT }]\n',
        'seed.yaml:6:19: services[0].authorizers[0].pool: name a pool of this file, or give discoveryUrl',
      ],
      [
        'version: 1\nservices:\n  - id: a\n    path: /a\n    backend: { type: builtin }\n    authorizers: [{ type: ApiKey, apiKeys: [{ name: k }] }]\n',
        'seed.yaml:6:45: services[0].authorizers[0].apiKeys[0].key: a seeded API key brings its value',
      ],
      [
        'version: 1\nservices:\n  - id: a\n    path: /a\n    backend: { type: builtin }\n    authorizers: [{ type: ApiKey, apiKeys: [{ name: k, key: short }] }]\n',
        'seed.yaml:6:56: services[0].authorizers[0].apiKeys[0].key: must be pst_ and 43 characters',
      ],
      [
        `version: 1\naccessKeys:\n  - { accessKeyId: a, secretAccessKey: ${'s'.repeat(20)} }\n  - { accessKeyId: a, secretAccessKey: ${'s'.repeat(20)} }\n`,
        'seed.yaml:4:7: accessKeys[1].accessKeyId: is the same as [0].accessKeyId',
      ],
      ['version: 1\nversion: 1\n', 'seed.yaml:2:1: is no YAML here: Map keys must be unique'],
      ['version: 1\npools: [\n', 'seed.yaml:'],
      ['version: 1\n---\nversion: 1\n', 'seed.yaml:2:1: a seed is one document'],
      ['version: 1\n? [a]\n: 1\n', 'seed.yaml:2:3: a name must be plain text'],
      ['version: 1\npools: !!set {a}\n', 'seed.yaml:2:'],
    ]
    for (const [text, ...expected] of table) {
      const found = mistakes(text)
      assert.ok(found.length >= expected.length, `${text}\n${found.join('\n')}`)
      for (const [index, start] of expected.entries())
        assert.ok(found[index]?.startsWith(start), `${text}\n${found.join('\n')}`)
    }
  })

  test('all mistakes at once', () => {
    assert.deepEqual(mistakes('version: 1\npools:\n  - id: A\n    nme: x\n  - {}\n').length, 3)
  })

  test('variables that are not set are named', () => {
    assert.deepEqual(mistakes(good), [
      `seed.yaml:13:9: pools[0].clients[0].clientSecret: needs the variable DEMO_SECRET, which is not set; set it, or write \${DEMO_SECRET:-default}`,
    ])
    assert.match(
      mistakes(`version: 1\npools: [{ id: "\${1x}" }]\n`)[0] ?? '',
      /seed\.yaml:2:11: pools\[0\]\.id: has a "\$\{" that is no variable/,
    )
  })

  test('a value cannot bring structure along', () => {
    const text = `version: 1\npools:\n  - id: \${ID}\n`
    assert.match(mistakes(text, { ID: 'a\n    name: b' })[0] ?? '', /pools\[0\]\.id: must be 1 to 63 characters/)
    assert.match(mistakes(text, { ID: '*anchor' })[0] ?? '', /pools\[0\]\.id/)
    const nested = parseSeed(`version: 1\npools: [{ id: a, name: "\${X}" }]\n`, 'x', { X: `\${HOME}`, HOME: 'no' })
    assert.equal(nested.pools[0]?.name, `\${HOME}`)
  })

  test('secrets are not in messages', () => {
    const secret = 'topsecret-topsecret'
    const text = mistakes(good, { DEMO_SECRET: secret, MY_KEY: secret }).join('\n')
    assert.match(text, /clientSecret: must have at least 32 characters/)
    assert.ok(!text.includes(secret), text)
  })

  test('bombs of aliases and depth are bounded', () => {
    const levels = Array.from(
      { length: 10 },
      (_, n) =>
        `l${n}: &l${n} [${
          n === 0
            ? 'x'
            : Array(9)
                .fill(`*l${n - 1}`)
                .join(', ')
        }]`,
    )
    assert.match(
      mistakes(`${levels.join('\n')}\n`)[0] ?? '',
      /has more than 1000 aliases; write the values out|more than 100000 values/,
    )
    assert.match(mistakes(`a: ${'['.repeat(200)}${']'.repeat(200)}\n`)[0] ?? '', /nested deeper than 32/)
    assert.match(mistakes('a: &a [*a]\n')[0] ?? '', /nested deeper than 32|aliases/)
    assert.match(mistakes(`a: [${'1,'.repeat(100_001)}]\n`)[0] ?? '', /more than 100000 values/)
    assert.match(
      mistakes('a: *nowhere\n')[0] ?? '',
      /seed\.yaml:1:1: a: is an alias of nothing; put the anchor &nowhere before it/,
    )
  })

  test('names like __proto__ are fields like any other', () => {
    assert.match(
      mistakes('version: 1\n__proto__: { pools: [] }\n')[0] ?? '',
      /seed\.yaml:2:1: __proto__: there is no such field/,
    )
  })
})

describe('files', () => {
  const refusal = async (name: string) => {
    try {
      await loadSeed(join(folder.path, name), {})
    } catch (error) {
      assert.ok(error instanceof StartError)
      return error.message
    }
    return assert.fail('it loaded')
  }

  test('one that is not there, a folder, one that is too large, one that is no UTF-8', async () => {
    assert.match(
      await refusal('nothing.yaml'),
      /the seed file .*nothing\.yaml cannot be read \(ENOENT\); correct its path, at start POSTERN_CONFIG/,
    )
    assert.match(await refusal('.'), /cannot be read \(EISDIR\)/)
    await writeFile(join(folder.path, 'large.yaml'), `version: 1\n${'#'.repeat(1024 * 1024)}`)
    assert.match(
      await refusal('large.yaml'),
      /larger than 1048576 bytes; split it, and apply the parts one after the other/,
    )
    await writeFile(join(folder.path, 'latin.yaml'), Buffer.from('version: 1 # \xe4', 'latin1'))
    assert.match(await refusal('latin.yaml'), /is not in UTF-8; save it so/)
  })

  test('what a server finds wrong later has its line too', async () => {
    const file = join(folder.path, 'later.yaml')
    await writeFile(file, good)
    const loaded = await loadSeed(file, env)
    const error = seedError(loaded, [
      { field: 'pools[0].clients[0].resources[0]', code: 'not_found', message: 'is no resource of the pool' },
    ])
    assert.equal(error.message, `${file}:14:21: pools[0].clients[0].resources[0]: is no resource of the pool`)
    assert.deepEqual(
      error.issues.map(({ line, column }) => [line, column]),
      [[14, 21]],
    )
    const other = seedError({ ...loaded }, [{ field: 'x', code: 'invalid', message: 'y' }])
    assert.equal(other.message, 'seed:1:1: x: y')
  })
})

describe('substitution', () => {
  test('as the contract says', () => {
    const vars = { A: 'a', EMPTY: '' }
    const table: [string, string][] = [
      ['plain', 'plain'],
      [`\${A}`, 'a'],
      [`x\${A}y\${A}`, 'xaya'],
      [`\${B:-y}`, 'y'],
      [`\${EMPTY:-y}`, 'y'],
      [`\${EMPTY}`, ''],
      [`\${B:-}`, ''],
      [`\${B:-a:b-c d}`, 'a:b-c d'],
      ['$A $ $$ pa$$word', '$A $ $$ pa$$word'],
      [`$\${A}`, `\${A}`],
    ]
    for (const [text, expected] of table) {
      const result = substitute(text, vars)
      assert.deepEqual(result.ok && result.value, expected, text)
    }
    for (const text of [`\${B}`, `\${`, `\${A`, `\${A:+x}`, `\${A-x}`, `\${a b}`, `\${B:-\${A}}`, `\${}`]) {
      assert.equal(substitute(text, vars).ok, false, text)
    }
  })

  test(`a text without "\${" is left alone, and nothing throws`, () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const result = substitute(text, {})
        if (!text.includes(`\${`)) assert.deepEqual(result, { ok: true, value: text, changed: false })
      }),
    )
  })

  test('an inherited name is no variable', () => {
    assert.equal(substitute(`\${constructor}`, {}).ok, false)
  })
})

test('a key of an ApiKey authorizer may be one that the gateway made', () => {
  assert.deepEqual(mistakes(good, { ...env, MY_KEY: generateApiKey() }), [])
})
