import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { ParsedMessage } from './json-rpc.ts'
import { createLineReader } from './lines.ts'

function read(
  chunks: readonly Buffer[],
  bounds: { maxLine?: number; maxGarbage?: number; maxDepth?: number; take?: () => void } = {},
) {
  const messages: ParsedMessage[] = []
  const overflows: string[] = []
  const reader = createLineReader({
    maxLine: bounds.maxLine ?? 1e6,
    maxGarbage: bounds.maxGarbage ?? 1e6,
    maxDepth: bounds.maxDepth ?? 64,
    onMessage: (message) => {
      messages.push(message)
      bounds.take?.()
    },
    onOverflow: (what) => overflows.push(what),
  })
  for (const chunk of chunks) reader.push(chunk)
  return { messages, overflows, garbage: reader.firstGarbage() }
}

const request = (id: number, text: string) => JSON.stringify({ jsonrpc: '2.0', id, method: 'm', params: { text } })

test('however the bytes are cut, the messages are the same and the rest is garbage', () => {
  const line = fc.oneof(
    fc
      .record({ id: fc.nat(), text: fc.string({ unit: 'grapheme' }) })
      .map(({ id, text }) => ({ wire: request(id, text), text })),
    fc
      .string({ unit: 'grapheme' })
      .map((text) => ({ wire: text.replaceAll('\n', ' ').replaceAll('{', '('), text: undefined })),
  )
  fc.assert(
    fc.property(fc.array(line), fc.array(fc.nat({ max: 40 })), (lines, cuts) => {
      const bytes = Buffer.from(lines.map(({ wire }) => `${wire}\n`).join(''))
      const chunks: Buffer[] = []
      let at = 0
      for (const cut of cuts) {
        chunks.push(bytes.subarray(at, at + cut))
        at += cut
      }
      chunks.push(bytes.subarray(at))
      const texts = read(chunks).messages.map(
        (message) => message.kind === 'request' && message.request.params?.['text'],
      )
      assert.deepEqual(
        texts,
        lines.flatMap(({ text }) => (text === undefined ? [] : [text])),
      )
    }),
  )
})

test('the first line that is no message is kept for people, the start of a long one too', () => {
  assert.equal(read([Buffer.from(`${request(1, '')}\nfirst\nsecond\n`)]).garbage, 'first')
  assert.equal(read([Buffer.from('no end of li'), Buffer.from('ne')]).garbage, 'no end of line')
  assert.equal(read([Buffer.from(`${'x'.repeat(5000)}\n`)]).garbage?.length, 2048)
  assert.equal(
    read([Buffer.from('{"jsonrpc":"1.0","id":1,"method":"m"}\n')]).garbage,
    '{"jsonrpc":"1.0","id":1,"method":"m"}',
  )
  assert.equal(read([Buffer.from(`${request(1, '')}\n`)]).garbage, undefined)
})

test('a line and the garbage between two messages have a bound, after which nothing is read', () => {
  const long = read([Buffer.from('{"a'), Buffer.from('b'.repeat(20)), Buffer.from(`\n${request(1, '')}\n`)], {
    maxLine: 10,
  })
  assert.deepEqual([long.overflows, long.messages], [['line'], []])
  const noise = Buffer.from('noise\n')
  assert.deepEqual(read([noise, noise], { maxGarbage: 9 }).overflows, ['garbage'])
  const between = read([noise, Buffer.from(`${request(1, '')}\n`), noise], { maxGarbage: 9 })
  assert.deepEqual([between.overflows, between.messages.length], [[], 1])
})

test('a message that is nested too deeply is garbage, unless somebody waits for it', () => {
  const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`
  const asking = (depth: number) => `{"jsonrpc":"2.0","id":7,"method":"m","params":{"deep":${nested(depth)}}}`
  const telling = (depth: number) => `{"jsonrpc":"2.0","method":"m","params":{"deep":${nested(depth)}}}`
  const answer = (depth: number) => `{"jsonrpc":"2.0","id":7,"result":{"deep":${nested(depth)}}}`
  const within = [asking(8), telling(8), answer(8)]
  assert.equal(read([Buffer.from(`${within.join('\n')}\n`)], { maxDepth: 10 }).messages.length, 3)
  for (const depth of [9, 8000, 100_000]) {
    const { messages, garbage } = read(
      [asking, telling, answer].map((line) => Buffer.from(`${line(depth)}\n`)),
      { maxDepth: 10 },
    )
    const error = { code: -32603, message: 'The answer of the backend is nested deeper than 10 levels.' }
    assert.deepEqual(messages, [{ kind: 'response', id: 7, outcome: { error } }])
    assert.equal(garbage, asking(depth).slice(0, 2048))
  }
})

test('whoever throws at a message hears no more, and the chunk that it came in goes nowhere', () => {
  const chunk = Buffer.from(`${request(1, '')}\n${request(2, '')}\n`)
  const take = (): void => {
    throw new RangeError('Maximum call stack size exceeded')
  }
  const { messages, overflows } = read([chunk, chunk], { take })
  assert.deepEqual([messages.length, overflows], [1, ['message']])
})
