// Recorded requests of the originals' Python SDKs, sent again byte for byte.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request } from 'node:http'
import { after, before, describe, it } from 'node:test'
import { createTestClock } from '@postern/core/testing'
import { action, wireApi } from '@postern/server'
import { captureLog, startHttp, type TestHttp } from '@postern/server/testing'
import { z } from 'zod'
import { transcripts } from './python-transcripts.ts'

const accessKeys = [{ accessKeyId: 'AKLTlocal', secretAccessKey: 'secret' }]

interface Transcript {
  readonly head: string
  readonly body: string
  readonly name: string
  readonly service: string
  readonly sentAt: number
}

function read(text: string): Transcript {
  const [head = '', body = ''] = text.split('\n\n')
  const [, name = ''] = /Action=(\w+)/.exec(head) ?? []
  const [, service = ''] = /Credential=[^/]+\/\d+\/[^/]+\/(\w+)\//.exec(head) ?? []
  const date = (/^X-Date: (.+)$/m.exec(head)?.[1] ?? '').replace(/^(....)(..)(..T..)(..)(..Z)$/, '$1-$2-$3:$4:$5')
  return { head, body, name, service, sentAt: Date.parse(date) }
}

/** The status and the JSON of the answer to these very headers and this body. */
async function send(url: string, head: string, body: string): Promise<{ status: number; answer: unknown }> {
  const [line = '', ...lines] = head.split('\n')
  const headers = lines.flatMap((header) => {
    const [name = '', value = ''] = header.split(/: (.*)/)
    return name === 'Connection' ? [] : [name, value]
  })
  const { hostname, port } = new URL(url)
  const [method, path] = line.split(' ')
  const asked = request({ hostname, port, method, path, headers, agent: false }).end(body)
  const [response] = await once(asked, 'response')
  const chunks: Buffer[] = await response.toArray()
  return { status: response.statusCode, answer: JSON.parse(Buffer.concat(chunks).toString()) }
}

for (const service of ['agentkit', 'id']) {
  describe(`requests of the Python SDK for ${service}`, () => {
    const recorded = transcripts.map(read).filter((transcript) => transcript.service === service)
    const clock = createTestClock()
    let server: TestHttp
    before(async () => {
      const echo = action({ resource: 'Thing' }, z.looseObject({}), (input) => input)
      const actions = Object.fromEntries(recorded.map(({ name }) => [name, echo]))
      const { log } = captureLog()
      const wire = wireApi({ service, version: '2025-10-30', actions, accessKeys, clock, log, record: () => {} })
      server = await startHttp({ wire })
    })
    after(() => server.close())

    it('there are some', () => assert.ok(recorded.length > 1))

    for (const { name, head, body, sentAt } of recorded) {
      it(`${name}: changed, it is refused, and as it was it is answered, once`, async () => {
        clock.set(sentAt)
        const changed = body.replace(/[a-z]/, (letter) => (letter === 'a' ? 'b' : 'a'))
        for (const [changedHead, changedBody] of [
          [head, changed],
          [head.replace(/(X-Date: .*?)(\d)Z/, (_, start, digit) => `${start}${(Number(digit) + 1) % 10}Z`), body],
          [head.replace(/Signature=./, (start) => (start.endsWith('0') ? 'Signature=1' : 'Signature=0')), body],
          [head.replace('cn-beijing', 'cn-beijinh'), body],
          [head.replace('localhost:18787', 'localhost:18788'), body],
        ] as const) {
          const { status, answer } = await send(server.url, changedHead, changedBody)
          assert.equal(status, 401, JSON.stringify(answer))
          assert.partialDeepStrictEqual(answer, { ResponseMetadata: { Error: { Code: 'SignatureDoesNotMatch' } } })
        }
        const { status, answer } = await send(server.url, head, body)
        assert.equal(status, 200, JSON.stringify(answer))
        assert.partialDeepStrictEqual(answer, {
          ResponseMetadata: { Action: name, Version: '2025-10-30', Service: service, Region: 'cn-beijing' },
          Result: JSON.parse(body),
        })
        assert.equal((await send(server.url, head, body)).status, 400)
      })
    }
  })
}
