import assert from 'node:assert/strict'
import { test } from 'node:test'
import { packedManifest } from './packed-manifest.ts'

const base = { name: '@postern/core', version: '1.2.3', description: 'Core', license: 'MIT', type: 'module' }

test('a packed manifest stands on dist, under the same conditions, with types', () => {
  const packed = packedManifest({
    ...base,
    imports: { '#digest': { node: './src/digest/node.ts', default: './src/digest/web.ts' } },
    exports: { '.': './src/index.ts', './package.json': './package.json', './private/*': null },
  })
  assert.deepEqual(packed.imports, {
    '#digest': {
      node: { types: './dist/digest/node.d.ts', default: './dist/digest/node.js' },
      default: { types: './dist/digest/web.d.ts', default: './dist/digest/web.js' },
    },
  })
  assert.deepEqual(packed.exports, {
    '.': { types: './dist/index.d.ts', default: './dist/index.js' },
    './package.json': './package.json',
    './private/*': null,
  })
})

test('a packed manifest drops what only a workspace needs, and names the Node it runs on', () => {
  const workspace = { ...base, scripts: { x: 'y' }, devDependencies: { koa: '1' }, private: true }
  assert.deepEqual(packedManifest(workspace), { ...base, engines: { node: '>=20' }, files: ['dist'] })
  const server = {
    ...base,
    name: '@postern/idp',
    bin: { postern: './bin/postern.js' },
    dependencies: { koa: '^3.0.0' },
  }
  assert.deepEqual(packedManifest(server), { ...server, engines: { node: '>=24' }, files: ['dist', 'bin'] })
})
