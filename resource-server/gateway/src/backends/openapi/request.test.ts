import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { JsonObject } from '../json-rpc.ts'
import { ArgumentProblem } from './encode.ts'
import { toolOf } from './fixtures/documents.ts'
import { buildRequest } from './request.ts'

const base = new URL('https://api.example/v1')

function parameterTool(parameter: object, path = '/a') {
  return toolOf('GET', path, { parameters: [{ name: 'p', ...parameter }] })
}
const urlOf = (tool: ReturnType<typeof toolOf>, args: JsonObject, at = base) => buildRequest(at, tool, args).url.href
const bodyTool = (type: string, schema: object, more: object = {}, required = true) =>
  toolOf('POST', '/a', { requestBody: { required, content: { [type]: { schema, ...more } } } })

const list = ['blue', 'black']
const object = { R: 100, G: 200 }

// The table of OpenAPI 3.1 §4.8.12.
const table: readonly [place: string, style: string, explode: boolean, value: JsonObject[string], written: string][] = [
  ['path', 'simple', false, 'blue', '/v1/blue'],
  ['path', 'simple', false, list, '/v1/blue,black'],
  ['path', 'simple', false, object, '/v1/R,100,G,200'],
  ['path', 'simple', true, object, '/v1/R=100,G=200'],
  ['path', 'label', false, 'blue', '/v1/.blue'],
  ['path', 'label', true, list, '/v1/.blue.black'],
  ['path', 'label', false, list, '/v1/.blue,black'],
  ['path', 'label', true, object, '/v1/.R=100.G=200'],
  ['path', 'matrix', false, 'blue', '/v1/;p=blue'],
  ['path', 'matrix', false, list, '/v1/;p=blue,black'],
  ['path', 'matrix', true, list, '/v1/;p=blue;p=black'],
  ['path', 'matrix', false, object, '/v1/;p=R,100,G,200'],
  ['path', 'matrix', true, object, '/v1/;R=100;G=200'],
  ['query', 'form', true, 'blue', '/v1/?p=blue'],
  ['query', 'form', true, '', '/v1/?p='],
  ['query', 'form', true, list, '/v1/?p=blue&p=black'],
  ['query', 'form', false, list, '/v1/?p=blue,black'],
  ['query', 'form', true, object, '/v1/?R=100&G=200'],
  ['query', 'form', false, object, '/v1/?p=R,100,G,200'],
  ['query', 'spaceDelimited', false, list, '/v1/?p=blue%20black'],
  ['query', 'pipeDelimited', false, list, '/v1/?p=blue%7Cblack'],
  ['query', 'deepObject', true, object, '/v1/?p%5BR%5D=100&p%5BG%5D=200'],
  ['query', 'deepObject', true, { a: { b: [1, 2] } }, '/v1/?p%5Ba%5D%5Bb%5D=1&p%5Ba%5D%5Bb%5D=2'],
]

for (const [place, style, explode, value, written] of table) {
  test(`${place}, ${style}${explode ? ' exploded' : ''}: ${JSON.stringify(value)}`, () => {
    const tool = parameterTool({ in: place, style, explode }, place === 'path' ? '/{p}' : '/')
    assert.equal(urlOf(tool, { p: value ?? null }), `https://api.example${written}`)
  })
}

test('headers, cookies, JSON in a parameter, reserved characters, what the base URL brings', () => {
  const header = buildRequest(base, parameterTool({ in: 'header', name: 'X-P', explode: true }), { 'X-P': object })
  assert.equal(header.headers['x-p'], 'R=100,G=200')
  const cookie = buildRequest(base, parameterTool({ in: 'cookie' }), { p: 'a b;c' })
  assert.equal(cookie.headers['cookie'], 'p=a%20b%3Bc')
  const json = parameterTool({ in: 'query', content: { 'application/json': {} } })
  assert.equal(new URL(urlOf(json, { p: { a: [1] } })).searchParams.get('p'), '{"a":[1]}')
  assert.equal(
    urlOf(parameterTool({ in: 'query', allowReserved: true }), { p: 'a/b:c&d=#e' }),
    'https://api.example/v1/a?p=a/b:c%26d%3D%23e',
  )
  assert.equal(
    urlOf(parameterTool({ in: 'query' }), { p: 1 }, new URL('https://h.example/?v=2')),
    'https://h.example/a?v=2&p=1',
  )
})

test('bodies', () => {
  const pet = { type: 'object', properties: { name: {}, tags: {}, deep: {}, no: {} } }
  const args = { name: 'a&b=ü', tags: ['x', 'y'], deep: { z: 1 } }
  const json = buildRequest(base, bodyTool('application/vnd.api+json', pet), { ...args, no: null })
  assert.deepEqual(
    [json.headers['content-type'], json.body],
    ['application/vnd.api+json', JSON.stringify({ ...args, no: null })],
  )
  const form = buildRequest(base, bodyTool('application/x-www-form-urlencoded', pet), { ...args, no: null })
  assert.equal(form.body, 'name=a%26b%3D%C3%BC&tags=x&tags=y&deep=%7B%22z%22%3A1%7D')
  const encoding = { encoding: { deep: { style: 'deepObject' } } }
  const deep = buildRequest(base, bodyTool('application/x-www-form-urlencoded', pet, encoding), { deep: { z: 1 } })
  assert.equal(deep.body, 'deep%5Bz%5D=1')
  assert.equal(buildRequest(base, bodyTool('text/plain', {}), { body: 'hi' }).body, 'hi')
  const optional = bodyTool('application/json', { ...pet, required: ['name'] }, {}, false)
  assert.equal(buildRequest(base, optional, {}).body, undefined)
  assert.throws(() => buildRequest(base, optional, { tags: [] }), { message: 'name: is missing; give it' })
  assert.equal(buildRequest(base, bodyTool('application/json', pet), {}).body, '{}')
  assert.throws(
    () => buildRequest(base, bodyTool('application/x-www-form-urlencoded', {}), { body: 1 }),
    /a form is an object/,
  )
})

const refusals: readonly [string, JsonObject, JsonObject, RegExp][] = [
  ['a missing path parameter', { in: 'path' }, {}, /^p: is missing; give it$/],
  ['null for a path parameter', { in: 'path' }, { p: null }, /^p: is missing/],
  ['an empty path parameter', { in: 'path' }, { p: '' }, /^p: is part of a path and cannot be empty/],
  ['an empty list in a path', { in: 'path' }, { p: [] }, /cannot be empty/],
  ['a dot segment', { in: 'path' }, { p: '..' }, /cannot have "\." or "\.\."/],
  ['a dot segment made by a label', { in: 'path', style: 'label' }, { p: '.' }, /cannot have/],
  ['an encoded dot segment', { in: 'path' }, { p: '%2e%2E' }, /cannot have/],
  ['a dot segment encoded twice', { in: 'path' }, { p: '%252e%252e/' }, /cannot have/],
  ['a climb in a value with slashes', { in: 'path' }, { p: 'a/../../admin' }, /cannot have/],
  ['a climb with backslashes', { in: 'path' }, { p: 'a\\..\\b' }, /cannot have/],
  ['a climb with a semicolon', { in: 'path' }, { p: '..;/admin' }, /cannot have/],
  ['a climb in a list', { in: 'path' }, { p: ['a', '..'] }, /cannot have/],
  ['a line break in a path', { in: 'path' }, { p: 'a\r\nb' }, /no control characters/],
  ['a lone surrogate', { in: 'query' }, { p: '\ud800' }, /^p: a text is no well-formed Unicode/],
  ['a header with a line break', { in: 'header' }, { p: 'a\r\nx-evil: 1' }, /^p: a header is printable ASCII/],
  ['a header beyond ASCII', { in: 'header' }, { p: ['ü'] }, /^p: a header is printable ASCII/],
  ['a missing header', { in: 'header', required: true }, {}, /^p: is missing/],
  ['an unknown argument', { in: 'query' }, { q: 1 }, /^q: there is no such argument; the tool takes p$/],
]

for (const [what, parameter, args, reason] of refusals) {
  test(`a mistake of the caller: ${what}`, () => {
    const tool = parameterTool(parameter, parameter['in'] === 'path' ? '/x/{p}' : '/x')
    assert.throws(
      () => buildRequest(base, tool, args),
      (error) => {
        assert.ok(error instanceof ArgumentProblem)
        assert.match(error.message, reason)
        return true
      },
    )
  })
}

test('two harmless values make no dot segment together', () => {
  const tool = toolOf('GET', '/{a}{b}/x', {
    parameters: [
      { name: 'a', in: 'path' },
      { name: 'b', in: 'path' },
    ],
  })
  for (const args of [
    { a: '.', b: '.' },
    { a: '.', b: 'x' },
  ])
    assert.throws(() => buildRequest(base, tool, args), ArgumentProblem)
  const dotted = toolOf('GET', '/.{a}/x', { parameters: [{ name: 'a', in: 'path', style: 'simple' }] })
  assert.throws(() => buildRequest(base, dotted, { a: '.' }), ArgumentProblem)
})

const nasty = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({
    unit: fc.constantFrom('.', '/', '\\', '%', '2', 'e', 'f', '@', ':', '?', '#', '\r', '\n', ';', 'a', '&', '='),
  }),
  fc.constantFrom('..', '//evil.example', 'https://evil.example', '@evil.example', '%2e%2e%2f', '..%5c'),
)
const values = fc.oneof(
  nasty,
  fc.integer(),
  fc.boolean(),
  fc.array(nasty),
  fc.dictionary(nasty, nasty, { noNullPrototype: true }),
)

test('whatever the arguments: the host stays, the base path stays, and no header breaks its line', () => {
  const places = fc.constantFrom(
    ...(['simple', 'label', 'matrix'] as const).map((style) => ({ in: 'path', style })),
    ...(['form', 'spaceDelimited', 'pipeDelimited', 'deepObject'] as const).map((style) => ({ in: 'query', style })),
    { in: 'header' },
    { in: 'cookie' },
  )
  const bases = fc.constantFrom('https://api.example', 'https://api.example/v1/', 'https://api.example/a/b?k=1')
  fc.assert(
    fc.property(places, fc.boolean(), fc.boolean(), values, bases, (place, explode, allowReserved, p, at) => {
      const path = place.in === 'path' ? '//x/{p}' : '//x/y'
      const tool = parameterTool({ ...place, explode, allowReserved }, path)
      const from = new URL(at)
      try {
        const { url, headers } = buildRequest(from, tool, { p })
        assert.equal(url.origin, 'https://api.example')
        const prefix = `${from.pathname.replace(/\/$/, '')}//x/`
        assert.ok(url.pathname.startsWith(prefix), url.href)
        assert.equal(url.pathname.split('/').length, prefix.split('/').length, url.href)
        assert.equal(url.hash, '')
        assert.ok(url.search.startsWith(from.search))
        for (const value of Object.values(headers)) assert.match(value, /^[\t\x20-\x7e]*$/)
        new Headers(headers)
      } catch (error) {
        assert.ok(error instanceof ArgumentProblem, String(error))
      }
    }),
    { numRuns: 1000 },
  )
})

test('what is written is read back: a scalar in a path, lists and objects in a query, a form', () => {
  const text = fc.string({ unit: 'grapheme' }).filter((one) => one.isWellFormed())
  const pathTool = parameterTool({ in: 'path' }, '/x/{p}')
  const queryTool = parameterTool({ in: 'query' })
  const deepTool = parameterTool({ in: 'query', style: 'deepObject' })
  const form = bodyTool('application/x-www-form-urlencoded', {})
  fc.assert(
    fc.property(text, fc.array(text), fc.dictionary(text, text, { noNullPrototype: true }), (one, many, named) => {
      try {
        const { url } = buildRequest(base, pathTool, { p: one })
        assert.equal(decodeURIComponent(url.pathname.slice('/v1/x/'.length)), one)
      } catch (error) {
        assert.ok(error instanceof ArgumentProblem)
      }
      assert.deepEqual(buildRequest(base, queryTool, { p: many }).url.searchParams.getAll('p'), many)
      const deep = [...buildRequest(base, deepTool, { p: named }).url.searchParams]
      assert.deepEqual(
        deep,
        Object.entries(named).map(([name, value]) => [`p[${name}]`, value]),
      )
      const sent = [...new URLSearchParams(buildRequest(base, form, { body: named }).body)]
      assert.deepEqual(sent, Object.entries(named))
    }),
  )
})
