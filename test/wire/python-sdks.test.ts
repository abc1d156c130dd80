// Recorded requests of the originals' Python SDKs, sent again byte for byte.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request } from 'node:http'
import { after, before, describe, it, test } from 'node:test'
import { createTestClock } from '@postern/core/testing'
import { action, openStore, type ServerTables, type Store, wireApi } from '@postern/server'
import { captureLog, startHttp, type TestHttp } from '@postern/server/testing'
import { z } from 'zod'
import { recorded as allRecorded } from './recorded.ts'

const accessKeys = [{ accessKeyId: 'AKLTlocal', secretAccessKey: 'secret' }]

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

const verbs = (name: string) => [...['Create', 'Delete', 'Get', 'Update'].map((verb) => verb + name), `List${name}s`]
const actionsOf: Readonly<Record<string, readonly string[]>> = {
  agentkit: [
    ...verbs('MCPService'),
    ...verbs('MCPToolset'),
    'GetMCPTools',
    'ListMCPTools',
    'UpdateMCPTools',
  ].toSorted(),
  id: [...verbs('UserPool'), ...verbs('UserPoolClient')].toSorted(),
}

for (const service of ['agentkit', 'id']) {
  describe(`requests of the Python SDK for ${service}`, () => {
    const recorded = allRecorded.filter((transcript) => transcript.service === service)
    const clock = createTestClock()
    let server: TestHttp
    let store: Store<ServerTables>
    before(async () => {
      const echo = action({ resource: 'Thing' }, z.looseObject({}), (input) => input)
      const actions = Object.fromEntries(recorded.map(({ name }) => [name, echo]))
      const { log } = captureLog()
      store = await openStore<ServerTables>({ url: 'sqlite::memory:', migrations: {}, log })
      const options = { service, version: '2025-10-30', actions, accessKeys, clock, log, store }
      const wire = wireApi({ ...options, record: () => {} })
      server = await startHttp({ wire })
    })
    after(async () => {
      await server.close()
      await store.close()
    })

    it('there is one of every action', () => {
      const names = recorded.map(({ name }) => name)
      assert.deepEqual(names.toSorted(), actionsOf[service])
    })

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

test('what is recorded holds nothing of the machine that it was recorded on', () => {
  for (const { head, body } of allRecorded) {
    assert.doesNotMatch(`${head}\n${body}`, /\/(home|root|tmp|Users|work)\b|[A-Z]:\\|\d+\.\d+\.\d+\.\d+/)
    assert.match(head, /^Host: localhost:18787$/m)
  }
})
