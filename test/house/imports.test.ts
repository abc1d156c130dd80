import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { judgeImports, type Manifest, type RuleName } from './import-rule.ts'
import { checkoutManifests } from './imports.ts'
import { readImports } from './read-imports.ts'

const manifests: Record<string, Manifest> = {
  '': { devDependencies: { 'fast-check': '1', '@types/koa': '1' } },
  'shared/core': { imports: { '#digest': { node: './src/digest/node.ts' }, '#own': { node: './src/own-node.ts' } } },
  'shared/server': { dependencies: { '@postern/core': '1', koa: '1' } },
  idp: { dependencies: { '@postern/core': '1', '@postern/server': '1', koa: '1', 'oidc-provider': '1' } },
  'resource-server/kit': {
    dependencies: { '@postern/core': '1', jose: '1' },
    peerDependencies: { express: '1' },
    devDependencies: { hono: '1' },
  },
  'resource-server/gateway': {
    dependencies: { '@postern/core': '1', '@postern/server': '1', '@postern/resource-server': '1', sdk: '1' },
  },
  test: { dependencies: { '@postern/idp': '1' }, devDependencies: { 'oidc-provider': '1' } },
}
const installed: Record<string, Manifest> = {
  '@postern/core': { exports: { '.': './src/index.ts', './testing': './src/testing.ts' } },
  '@postern/server': { exports: { '.': './src/index.ts' } },
  koa: { exports: { '.': './lib/application.js' } },
  sdk: { exports: { '.': './index.js', './*.js': './dist/*.js' } },
  'oidc-provider': {},
}

/** The rules that one source breaks, as `rule@line`. */
function judged(path: string, source: string): string[] {
  const findings = judgeImports(readImports(new Map([[path, source]])), {
    workspace: (folder) => manifests[folder] ?? {},
    installed: (name) => installed[name],
  })
  return findings.map(({ rule, line }) => `${rule}@${line}`)
}

const broken: readonly [string, RuleName, string, string][] = [
  ['core imports the server', 'core-pure', 'shared/core/src/a.ts', `import { x } from '@postern/server'`],
  ['core imports a package', 'core-pure', 'shared/core/src/a.ts', `import { z } from 'zod'`],
  ['core imports the type of a package', 'core-pure', 'shared/core/src/a.ts', `import type { z } from 'zod'`],
  [
    'core imports node: in a neutral file',
    'node-module',
    'shared/core/src/a.ts',
    `import { Buffer } from 'node:buffer'`,
  ],
  ['core imports a builtin without node:', 'node-module', 'shared/core/src/a.ts', `import 'buffer'`],
  ['core imports a # name that nobody declares', 'unknown-import', 'shared/core/src/a.ts', `import '#nothing'`],
  ['the server imports the idp', 'workspace-arrow', 'shared/server/src/a.ts', `import '@postern/idp'`],
  ['the idp imports the gateway', 'workspace-arrow', 'idp/src/cli/a.ts', `await import('@postern/gateway/main')`],
  ['a test of the idp imports the kit', 'workspace-arrow', 'idp/src/a.test.ts', `import '@postern/resource-server'`],
  ['the kit imports the server', 'workspace-arrow', 'resource-server/kit/src/a.ts', `export * from '@postern/server'`],
  [
    'the kit imports the idp by type',
    'workspace-arrow',
    'resource-server/kit/src/a.ts',
    `type A = import('@postern/idp').A`,
  ],
  ['the kit imports a framework', 'kit-lean', 'resource-server/kit/src/a.ts', `import express from 'express'`],
  [
    'an adapter imports the value of a framework',
    'kit-lean',
    'resource-server/kit/src/adapters/express.ts',
    `import express from 'express'`,
  ],
  ['the kit imports node: in its core', 'node-module', 'resource-server/kit/src/way.ts', `import 'node:http'`],
  [
    'a relative path across workspaces',
    'relative-across',
    'idp/src/main.ts',
    `import { x } from '../../shared/core/src/index.ts'`,
  ],
  ['a relative path out of the house', 'relative-across', 'idp/src/main.ts', `import { x } from '../../../x.ts'`],
  ['the domain imports a face', 'floor', 'idp/src/directory/a.ts', `import { x } from '../oidc/x.ts'`],
  ['a face imports a door', 'floor', 'idp/src/management/a.ts', `import { x } from '../server.ts'`],
  ['the ground imports the domain', 'floor', 'idp/src/schema.ts', `import type { x } from './directory/x.ts'`],
  ['a face imports another', 'face-to-face', 'idp/src/management/a.ts', `import { x } from '../oidc/x.ts'`],
  [
    'oidc imports sign-in, which stands on it',
    'face-to-face',
    'idp/src/oidc/a.ts',
    `import { x } from '../sign-in/x.ts'`,
  ],
  [
    'a face of the gateway imports another',
    'face-to-face',
    'resource-server/gateway/src/seed/a.ts',
    `import { x } from '../management/x.ts'`,
  ],
  ['the command imports the server', 'apart', 'idp/src/cli/a.ts', `import { x } from '../server.ts'`],
  ['a file on no floor', 'no-floor', 'idp/src/utils.ts', `export const x = 1`],
  ['oidc-provider outside its room', 'confined', 'idp/src/directory/a.ts', `import Provider from 'oidc-provider'`],
  [
    'a deep import into a package with exports',
    'deep-import',
    'shared/server/src/a.ts',
    `import x from 'koa/lib/context.js'`,
  ],
  [
    'a deep import into a package without',
    'deep-import',
    'idp/src/oidc/a.ts',
    `import x from 'oidc-provider/lib/x.js'`,
  ],
  ['a deep import into a neighbour', 'deep-import', 'idp/src/main.ts', `import x from '@postern/core/src/url.ts'`],
  ['a package that is not declared', 'undeclared', 'shared/server/src/a.ts', `import x from 'left-pad'`],
  ['a development package in a source', 'undeclared', 'shared/server/src/a.ts', `import x from 'fast-check'`],
  ['a URL', 'unknown-import', 'shared/server/src/a.ts', `import x from 'https://example.com/x.js'`],
]

const kept: readonly [string, string, string][] = [
  ['node: behind a node condition', 'shared/core/src/digest/node.ts', `import 'node:crypto'`],
  ['node: behind a node condition of "imports"', 'shared/core/src/own-node.ts', `import 'node:crypto'`],
  ['a declared # name', 'shared/core/src/a.ts', `import { sha256 } from '#digest'`],
  ['a door imports a face', 'idp/src/server.ts', `import { x } from './oidc/x.ts'`],
  ['sign-in stands on oidc', 'idp/src/sign-in/a.ts', `import { x } from '../oidc/x.ts'`],
  [
    'a face imports the domain',
    'idp/src/oidc/a.ts',
    `import { x } from '../directory/x.ts'\nimport Provider from 'oidc-provider'`,
  ],
  ['a room imports itself', 'idp/src/oidc/a.ts', `import { x } from './b/c.ts'`],
  [
    'an adapter imports a framework by type',
    'resource-server/kit/src/adapters/express.ts',
    `import type { X } from 'express'`,
  ],
  [
    'a test of the kit imports more',
    'resource-server/kit/src/a.test.ts',
    `import 'node:http'\nimport { Hono } from 'hono'`,
  ],
  [
    'a test imports a workspace by name',
    'test/e2e/a.test.ts',
    `import { startIdp } from '@postern/idp/testing'\nimport 'oidc-provider'`,
  ],
  ['a type from @types of the root', 'resource-server/kit/src/adapters/koa.ts', `import type { Context } from 'koa'`],
  ['a pattern of "exports"', 'resource-server/gateway/src/backends/a.ts', `import 'sdk/client/stdio.js'`],
  [
    'a string or comment that looks like an import',
    'shared/core/src/a.ts',
    `// import 'koa'\nconst x = "import 'koa'"; const y = /import 'koa'/\nconst z = \`\${1} import('koa')\``,
  ],
  ['import.meta.resolve loads nothing', 'idp/src/cli/a.ts', `import.meta.resolve('@postern/gateway/main')`],
  ['a file outside the workspaces', 'docs/a.ts', `import 'anything'`],
]

describe('the import rule', () => {
  for (const [what, rule, path, source] of broken) {
    test(`refuses: ${what}`, () => assert.deepEqual(judged(path, source), [`${rule}@1`]))
  }
  for (const [what, path, source] of kept) {
    test(`keeps: ${what}`, () => assert.deepEqual(judged(path, source), []))
  }

  test('what tests alone use may do as tests do, unless a package leads to it', () => {
    const files = readImports(
      new Map([
        ['idp/src/oidc/a.test.ts', `import { ask } from './ask.ts'`],
        ['idp/src/oidc/ask.ts', `import type { Idp } from '../testing/index.ts'\nimport fc from 'fast-check'`],
        ['idp/src/testing/index.ts', ''],
      ]),
    )
    const rules = (idp: Manifest) =>
      judgeImports(files, {
        workspace: (folder) => (folder === 'idp' ? { ...manifests['idp'], ...idp } : (manifests[folder] ?? {})),
        installed: () => undefined,
      }).map(({ rule }) => rule)
    assert.deepEqual(rules({}), [])
    assert.deepEqual(rules({ exports: { '.': './src/oidc/ask.ts' } }), ['floor', 'undeclared'])
  })

  test('names file, line, column and the mend', () => {
    const source = `import { a } from '@postern/core'\n\nexport type { B } from '@postern/gateway'\n`
    const findings = judgeImports(readImports(new Map([['idp/src/main.ts', source]])), {
      workspace: (folder) => manifests[folder] ?? {},
      installed: (name) => installed[name],
    })
    assert.deepEqual(findings, [
      {
        path: 'idp/src/main.ts',
        line: 3,
        column: 24,
        rule: 'workspace-arrow',
        message: '@postern/idp must not import @postern/gateway; it may import @postern/core, @postern/server',
      },
    ])
  })

  test('reads the manifests of this checkout', () => {
    const { workspace, installed } = checkoutManifests()
    assert.equal(workspace('idp').name, '@postern/idp')
    assert.ok(installed('jose')?.exports)
    assert.equal(installed('no-such-package'), undefined)
  })
})
