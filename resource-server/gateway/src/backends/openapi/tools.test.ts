import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isJsonObject, type JsonObject } from '../json-rpc.ts'
import { documentOf, read, toolOf } from './fixtures/documents.ts'

const schemaOf = (tool: ReturnType<typeof toolOf>): JsonObject | undefined => {
  const schema = tool.definition['inputSchema']
  return isJsonObject(schema) ? schema : undefined
}
const jsonBody = (schema: object, required = true) => ({
  requestBody: { required, content: { 'application/json': { schema } } },
})

test('names: the operationId, cleaned; else method and path; twins are told apart', () => {
  const { tools } = read(
    documentOf({
      '/a': { get: { operationId: 'get pet' }, put: { operationId: 'get_pet' }, post: { operationId: 'get/pet' } },
      '/b/{id}/c.json': { get: { parameters: [{ name: 'id', in: 'path' }] } },
      '/': { delete: {} },
      '/x': { get: { operationId: 'x'.repeat(100) }, post: { operationId: `${'x'.repeat(100)}y` } },
      '/ü': { get: { operationId: 'ü' } },
    }),
  )
  assert.deepEqual(
    tools.map(({ name }) => name),
    ['get_pet_2', 'get_pet', 'get_pet_3', 'get_b_id_c_json', 'delete', 'x'.repeat(64), `${'x'.repeat(62)}_2`, 'get'],
  )
})

test('names are names, and each is there once, whatever the operationIds', () => {
  const ids = fc.array(fc.oneof(fc.string(), fc.constantFrom('a', 'a_2', 'a ', 'a!', 'A')), {
    minLength: 1,
    maxLength: 20,
  })
  fc.assert(
    fc.property(ids, (all) => {
      const paths = Object.fromEntries(all.map((operationId, index) => [`/${index}`, { get: { operationId } }]))
      const names = read(documentOf(paths)).tools.map(({ name }) => name)
      assert.equal(new Set(names).size, all.length)
      for (const name of names) assert.match(name, /^[A-Za-z0-9_-]{1,64}$/)
    }),
  )
})

test('what a tool says of itself', () => {
  const { tools } = read(
    documentOf({
      '/a': {
        get: { summary: 'All', description: 'Lists all.', deprecated: true },
        delete: {},
        put: { summary: 'Same', description: 'Same' },
      },
    }),
  )
  const [get, put, remove] = tools.map(({ definition }) => definition)
  assert.deepEqual([get?.['title'], get?.['description']], ['All', 'Deprecated. All\n\nLists all.'])
  assert.equal(put?.['description'], 'Same')
  assert.equal(remove?.['description'], 'DELETE /a')
  assert.deepEqual(get?.['annotations'], { readOnlyHint: true, openWorldHint: true })
  assert.deepEqual(remove?.['annotations'], {
    readOnlyHint: false,
    destructiveHint: true,
    idempotentHint: true,
    openWorldHint: true,
  })
  assert.deepEqual(put?.['annotations'], { readOnlyHint: false, idempotentHint: true, openWorldHint: true })
})

test('parameters and the fields of a body become arguments side by side', () => {
  const tool = toolOf('PATCH', '/pets/{id}', {
    parameters: [
      { name: 'id', in: 'path', required: true, schema: { type: 'integer' }, description: 'Which' },
      { name: 'dry$run', in: 'query', schema: { type: 'boolean' } },
      { name: 'X-Trace', in: 'header', schema: { type: 'string' } },
      { name: 'Authorization', in: 'header', required: true, schema: { type: 'string' } },
    ],
    ...jsonBody({
      allOf: [
        { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] },
        { type: 'object', properties: { created: { type: 'string', readOnly: true }, tag: { type: 'string' } } },
      ],
    }),
  })
  assert.deepEqual(schemaOf(tool), {
    type: 'object',
    properties: {
      id: { type: 'integer', description: 'Which' },
      dry_run: { type: 'boolean' },
      'X-Trace': { type: 'string' },
      name: { type: 'string' },
      tag: { type: 'string' },
    },
    required: ['id', 'name'],
    additionalProperties: false,
  })
})

test('a body that may hold more, or whose fields collide with parameters, is one argument', () => {
  const names = (schema: object, parameters: object[] = []) => [
    ...toolOf('POST', '/a', { parameters, ...jsonBody(schema) }).bindings.keys(),
  ]
  const pet = { type: 'object', properties: { name: {} } }
  assert.deepEqual(names(pet), ['name'])
  assert.deepEqual(names(pet, [{ name: 'name', in: 'query' }]), ['name', 'body'])
  assert.deepEqual(
    names(pet, [
      { name: 'name', in: 'query' },
      { name: 'body', in: 'query' },
    ]),
    ['name', 'body', 'body_2'],
  )
  assert.deepEqual(names({ ...pet, additionalProperties: true }), ['body'])
  assert.deepEqual(names({ oneOf: [pet, pet] }), ['body'])
  assert.deepEqual(names({ type: 'array', items: pet }), ['body'])
  assert.deepEqual(names({ type: 'object' }), ['body'])
})

test('parameters of the same name are told apart by their places', () => {
  const tool = toolOf('GET', '/a/{id}', {
    parameters: [
      { name: 'id', in: 'query' },
      { name: 'id', in: 'path' },
      { name: 'id', in: 'cookie' },
    ],
  })
  assert.deepEqual([...tool.bindings.keys()], ['id_query', 'id', 'id_cookie'])
})

const components = {
  components: {
    schemas: {
      Node: { type: 'object', properties: { value: {}, next: { $ref: '#/components/schemas/Node' } } },
      Loop: { $ref: '#/components/schemas/Loop' },
      Inherits: { allOf: [{ $ref: '#/components/schemas/Inherits' }] },
      'a/b~c d': { type: 'string', nullable: true, enum: ['x'] },
    },
  },
}

test('$ref cycles are kept as recursive JSON Schema', () => {
  const tool = toolOf(
    'POST',
    '/a',
    jsonBody({ type: 'array', items: { $ref: '#/components/schemas/Node' } }),
    components,
  )
  assert.deepEqual(schemaOf(tool), {
    type: 'object',
    properties: { body: { type: 'array', items: { $ref: '#/$defs/Node' } } },
    required: ['body'],
    additionalProperties: false,
    $defs: { Node: { type: 'object', properties: { value: {}, next: { $ref: '#/$defs/Node' } } } },
  })
  const inherits = toolOf('POST', '/a', jsonBody({ $ref: '#/components/schemas/Inherits' }), components)
  assert.deepEqual([...inherits.bindings.keys()], ['body'])
  const escaped = toolOf('POST', '/a', jsonBody({ items: { $ref: '#/components/schemas/a~1b~0c%20d' } }), components)
  assert.deepEqual(schemaOf(escaped)?.['$defs'], {
    a_1b_0c_d: { type: ['string', 'null'], enum: ['x', null] },
  })
})

const refusals: readonly [string, object, RegExp][] = [
  ['a circle of references alone', jsonBody({ $ref: '#/components/schemas/Loop' }), /\$ref leads round in a circle/],
  [
    'a reference that leads nowhere',
    jsonBody({ properties: { x: { $ref: '#/components/schemas/Nobody' } } }),
    /at `#\/paths\/~1a\/post\/requestBody\/content\/application~1json\/schema\/properties\/x\/\$ref`: `#\/components\/schemas\/Nobody` leads nowhere/,
  ],
  [
    'a reference to what every object inherits',
    jsonBody({ properties: { x: { $ref: '#/components/constructor' } } }),
    /leads nowhere/,
  ],
  [
    'a reference to a file',
    jsonBody({ properties: { x: { $ref: 'other.yaml#/Pet' } } }),
    /`other\.yaml#\/Pet` is outside of this document; bundle all files into one/,
  ],
  [
    'a reference to a host',
    { parameters: [{ $ref: 'http://169.254.169.254/latest' }] },
    /parameters\/0\/\$ref`: `http:\/\/169\.254\.169\.254\/latest` is outside/,
  ],
  ['an anchor', { parameters: [{ $ref: '#pet' }] }, /is no JSON pointer; write it as #\/components/],
  ['a parameter without a name', { parameters: [{ in: 'query' }] }, /parameters\/0\/name`: a parameter has a name/],
  [
    'a parameter in no place',
    { parameters: [{ name: 'x', in: 'body' }] },
    /parameters\/0\/in`: write one of path, query/,
  ],
  ['a schema that is none', jsonBody({ properties: { x: 7 } }), /properties\/x`: a schema is expected here/],
]

for (const [what, operation, reason] of refusals) {
  test(`refused with its place: ${what}`, () => {
    assert.throws(() => toolOf('POST', '/a', operation, components), { name: 'BackendError', message: reason })
  })
}

test('a path is a path', () => {
  for (const path of ['a', '/a?b', '/a#b', '/a b', '/a\\b', '/a\nb', 'https://evil.example/']) {
    assert.throws(() => toolOf('GET', path, {}), /a path begins with "\/"/, path)
  }
})

test('what cannot be called is left out and named; with nothing left the document is refused', () => {
  const paths = {
    '/ok': { get: { operationId: 'ok' }, trace: {} },
    '/file': { post: { requestBody: { content: { 'multipart/form-data': {} } } } },
    '/bytes': { put: { requestBody: { content: { 'application/octet-stream': {} } } } },
    '/own': { get: { servers: [{ url: 'https://other.example' }] } },
    '/lost/{id}': { get: {} },
    '/xml': { get: { parameters: [{ name: 'x', in: 'query', content: { 'application/xml': {} } }] } },
    '/style': { get: { parameters: [{ name: 'x', in: 'query', style: 'matrix' }] } },
  }
  const { tools, leftOut } = read(documentOf(paths))
  assert.deepEqual(
    tools.map(({ name }) => name),
    ['ok'],
  )
  assert.deepEqual(leftOut, [
    'POST /file: its body is multipart/form-data; JSON, form-urlencoded and text alone can be written',
    'PUT /bytes: its body is application/octet-stream; JSON, form-urlencoded and text alone can be written',
    'GET /own: it has a server of its own; give the backend a baseUrl to use for all',
    'GET /lost/{id}: its path has {id}, which is none of its parameters; add it to them',
    'GET /xml: its parameter x is of application/xml; application/json alone can be written',
    'GET /style: its parameter x has a style that is none of form, spaceDelimited, pipeDelimited, deepObject',
  ])
  assert.equal(read(documentOf(paths), { hasBaseUrl: true }).leftOut.length, 5)
  assert.throws(
    () => read(documentOf({ '/file': paths['/file'] })),
    /no operation that can be called: POST \/file: its body/,
  )
  assert.throws(() => read(documentOf({})), /no operation that can be called: add paths/)
  assert.throws(() => read(documentOf(paths), { limits: { openapiTools: 0 } }), /has 1 operations, and 0 can be tools/)
})

test('headers that the gateway sets are nobody else’s to give', () => {
  const parameters = ['X-Api-Key', 'Host', 'X-Forwarded-For', 'Cookie', 'X-Mine'].map((name) => ({
    name,
    in: 'header',
  }))
  const { tools } = read(documentOf({ '/a': { get: { parameters } } }), { fixedHeaders: ['x-api-key'] })
  assert.deepEqual([...(tools[0]?.bindings.keys() ?? [])], ['X-Mine'])
})

test('schemas that grow without end are cut and say so', () => {
  const schemas = Object.fromEntries(
    Array.from({ length: 500 }, (_, n) => [
      `S${n}`,
      { type: 'object', properties: { a: { $ref: `#/components/schemas/S${(n + 1) % 500}` }, b: { type: 'string' } } },
    ]),
  )
  const tool = toolOf('POST', '/a', jsonBody({ items: { $ref: '#/components/schemas/S0' } }), {
    components: { schemas },
  })
  const text = JSON.stringify(tool.definition)
  assert.ok(text.length < 100_000, String(text.length))
  assert.match(text, /too large to be shown|Too large to be shown/)
})

test('an answer is promised only where it is an object of scalars', () => {
  const answer = (schema: object) =>
    toolOf('GET', '/a', { responses: { 200: { content: { 'application/json': { schema } } } } }).definition[
      'outputSchema'
    ]
  assert.deepEqual(answer({ type: 'object', properties: { id: { type: 'integer' } }, required: ['id'] }), {
    type: 'object',
    properties: { id: { type: ['number', 'null'] } },
  })
  assert.equal(answer({ type: 'object', properties: { list: { type: 'array' } } }), undefined)
  assert.equal(answer({ type: 'array', items: {} }), undefined)
})
