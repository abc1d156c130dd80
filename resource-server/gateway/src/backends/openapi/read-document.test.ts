import assert from 'node:assert/strict'
import { test } from 'node:test'
import { backendLimits } from '../../limits.ts'
import type { JsonObject } from '../json-rpc.ts'
import { documentOf } from './fixtures/documents.ts'
import { readOperations } from './operations.ts'
import { readDocument } from './read-document.ts'
import { makeTools } from './tools.ts'

const limits = backendLimits
const yaml = `
openapi: 3.0.3
info: { title: Pets, version: '1' }
paths:
  /pets:
    get:
      operationId: listPets
      responses:
        200: { description: ok }
`
const json = JSON.stringify(documentOf({ '/pets': { get: { operationId: 'listPets' } } }))

const refused = (document: string | Record<string, unknown>, reason: RegExp) =>
  assert.rejects(readDocument(document, limits), { name: 'BackendError', message: reason })

async function read(document: string | JsonObject) {
  const parsed = await readDocument(document, limits)
  const { operations } = readOperations(parsed, { limits, fixedHeaders: new Set(), hasBaseUrl: false })
  return { tools: makeTools(parsed, operations, limits) }
}

test('a document is JSON or YAML, as it is or in base64, or an object', async () => {
  const base64 = Buffer.from(yaml).toString('base64')
  const forms = [
    json,
    `\uFEFF${json}`,
    yaml,
    base64,
    base64.replace(/.{76}/g, '$&\r\n'),
    Buffer.from(json).toString('base64url'),
    JSON.parse(json),
  ]
  for (const form of forms)
    assert.deepEqual(
      (await read(form)).tools.map(({ name }) => name),
      ['listPets'],
    )
})

test('YAML that begins with a brace is YAML', async () => {
  assert.equal((await read('{openapi: 3.0.0, paths: {/a: {get: {operationId: a}}}}')).tools.length, 1)
})

test('a document of 20 MB is refused before it is decoded, whatever form it comes in', async () => {
  const filler = 'x'.repeat(20 * 1024 * 1024)
  await refused(
    `{"openapi":"3.1.0","x-filler":"${filler}"}`,
    /it has 20\.0 MiB, and 5\.0 MiB are read; leave out the paths/,
  )
  await refused(`openapi: 3.1.0\nx-filler: ${filler}`, /it has 20\.0 MiB, and 5\.0 MiB are read/)
  await refused(Buffer.from(filler).toString('base64'), /it has 20\.0 MiB, and 5\.0 MiB are read/)
  await refused('é'.repeat(3 * 1024 * 1024), /it has 6\.0 MiB/)
})

test('aliases that stand for more and more are bounded', async () => {
  const levels = Array.from({ length: 9 }, (_, n) => `l${n + 1}: &l${n + 1} [${`*l${n},`.repeat(9)}]`)
  await refused(
    `openapi: 3.1.0\nl0: &l0 [x,x,x,x,x,x,x,x,x]\n${levels.join('\n')}`,
    /too many YAML aliases|more than 500000 values/,
  )
  await refused('openapi: 3.1.0\na: &a [*a]', /YAML aliases|nested deeper/)
  await refused('openapi: 3.1.0\na: *nobody', /neither JSON nor YAML|YAML aliases/)
})

test('YAML is read on the side: nobody else waits, and not for ever', async () => {
  const slow = `openapi: 3.1.0\nx: ${'['.repeat(2_000_000)}`
  let turns = 0
  const ticking = setInterval(() => {
    turns += 1
  }, 5)
  const reading = readDocument(slow, { ...limits, openapiYamlMs: 500 })
  await assert.rejects(reading, /takes too long or too much memory to read as YAML; give it as JSON/)
  clearInterval(ticking)
  assert.ok(turns > 10, `this thread had ${turns} turns`)
  const memory = readDocument(`openapi: 3.1.0\n${'- a\n'.repeat(1_000_000)}`, { ...limits, openapiYamlMemoryMb: 20 })
  await assert.rejects(memory, /takes too long or too much memory/)
})

test('depth and number of values are bounded', async () => {
  const deep = (depth: number) => `{"openapi":"3.1.0","x":${'['.repeat(depth)}${']'.repeat(depth)}}`
  await refused(deep(100), /nested too deeply/)
  await refused(
    `openapi: 3.1.0\nx: ${'['.repeat(100)}${']'.repeat(100)}`,
    /at `#\/x\/0\/0.*nested deeper than 64 levels/,
  )
  await refused(JSON.parse(deep(100)), /nested deeper than 64 levels/)
  await refused(`openapi: 3.1.0\nx: ${'['.repeat(100_000)}`, /neither JSON nor YAML|nested deeper/)
  await refused(`openapi: 3.1.0\nx: ${'- '.repeat(100_000)}1`, /neither JSON nor YAML|nested deeper/)
  await refused({ openapi: '3.1.0', x: Array.from({ length: 600_000 }, () => 0) }, /more than 500000 values/)
})

test('what is no document is refused with its place', async () => {
  await refused('[]', /at `#`: it is no object/)
  await refused('hello: [', /neither JSON nor YAML \(line 1, column \d+\)/)
  await refused('{"openapi": "3.1.0", }{', /neither JSON nor YAML/)
  await refused('{"openapi": "3.1.0", "openapi": "3.0.0"}', /a member occurs twice/)
  await refused('openapi: 3.1.0\npaths: {}\npaths: {}', /line 3 has `paths` a second time; remove one/)
  await refused(
    { openapi: '4.0.0' },
    /`#\/openapi`: the version is not known here; give a document of OpenAPI 3\.0 or 3\.1/,
  )
  await refused({}, /the version is not known/)
})

test('members named like those of every object are members', async () => {
  const { tools } = await read('{"openapi":"3.1.0","paths":{"/__proto__":{"get":{"operationId":"__proto__"}}}}')
  assert.deepEqual(
    tools.map(({ name }) => name),
    ['__proto__'],
  )
  assert.equal(({} as Record<string, unknown>)['get'], undefined)
})

test('a document of Swagger 2.0', async () => {
  const { tools } = await read(`
swagger: '2.0'
host: api.example
basePath: /v2
consumes: [application/json]
parameters: { limit: { name: limit, in: query, type: integer } }
definitions: { Pet: { type: object, required: [name], properties: { name: { type: string } } } }
paths:
  /pets:
    parameters: [{ $ref: '#/parameters/limit' }]
    get:
      operationId: list
      parameters: [{ name: tags, in: query, type: array, items: { type: string }, collectionFormat: pipes }]
    post:
      operationId: add
      parameters: [{ name: pet, in: body, required: true, schema: { $ref: '#/definitions/Pet' } }]
  /form:
    post:
      operationId: send
      consumes: [application/x-www-form-urlencoded]
      parameters: [{ name: text, in: formData, type: string, required: true }]
`)
  const schemas = tools.map(({ definition }) => definition['inputSchema'])
  assert.deepEqual(schemas[0], {
    type: 'object',
    properties: { limit: { type: 'integer' }, tags: { type: 'array', items: { type: 'string' } } },
    additionalProperties: false,
  })
  assert.deepEqual(schemas[1], {
    type: 'object',
    properties: { limit: { type: 'integer' }, name: { type: 'string' } },
    required: ['name'],
    additionalProperties: false,
  })
  assert.equal(tools[2]?.operation.body?.kind, 'form')
})
