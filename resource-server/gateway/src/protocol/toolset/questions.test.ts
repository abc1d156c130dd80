/** What services ask their clients, through a toolset: services of both eras, clients of all. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isJsonObject, type JsonObject } from '../../backends/json-rpc.ts'
import { type Answers, type Asked, askedModern, askedV1, askedV2, callTool } from '../fixtures/asking-clients.ts'
import { askingStdio } from '../fixtures/asking-servers.ts'
import { answersTo, parkedIn } from '../fixtures/asking-wire.ts'
import { startScriptedUpstream } from '../fixtures/scripted-upstream.ts'
import { parse, postModern } from '../fixtures/wire.ts'
import { firstText, openToolset } from './fixtures/open-toolset.ts'

type Connect = (url: string, token: string, answers?: Answers) => Promise<Asked>
const clients: Record<string, Connect> = { v1: askedV1, v2: askedV2, 'v2 pinned to 2026-07-28': askedModern }
const members = { old: askingStdio('legacy'), new: askingStdio('modern') }

for (const [name, connect] of Object.entries(clients)) {
  test(`${name}: services ask, and get their answers`, { timeout: 60_000 }, async (t) => {
    const asked: string[] = []
    const answers: Answers = {
      elicit: async (message) => {
        asked.push(message)
        return { action: 'accept', content: { name: `Ada ${asked.length}` } }
      },
      sample: async () => 'a sample',
      roots: async () => ['file:///a'],
    }
    const merged = await openToolset(members)
    t.after(merged.close)
    const client = await connect(merged.url, merged.key, answers)
    t.after(() => client.close())
    assert.equal(firstText(await callTool(client, 'old__ask-name')), '"Ada 1"')
    assert.equal(firstText(await callTool(client, 'new__ask-name')), '"Ada 2"')
    assert.equal(firstText(await callTool(client, 'old__sample')), '"a sample"')

    const search = await openToolset(members, { mode: 'search' })
    t.after(search.close)
    const finder = await connect(search.url, search.key, answers)
    t.after(() => finder.close())
    for (const server_id of ['old', 'new']) {
      const args = { use_tool_info: [{ server_id, tool_name: 'ask-name' }] }
      const [used] = JSON.parse(firstText(await finder.callTool({ name: 'mcp_use_tool', arguments: args })))
      assert.equal(used.result[0].text, JSON.stringify(`Ada ${asked.length}`))
    }
    assert.equal(asked.length, 4)
  })
}

for (const [what, uri, toldOf] of [
  ['a URI that nobody has shown', 'form://one', ['answers']],
  ['one that is too long to be remembered', `form://${'x'.repeat(3000)}`, []],
] as const) {
  test(`answers go to the service that asked for them, and to no other: ${what}`, async (t) => {
    const question = { method: 'elicitation/create', params: { mode: 'form', message: 'Who?', requestedSchema: {} } }
    const asking = { resultType: 'input_required', inputRequests: { who: question }, requestState: 'a state of mine' }
    const curious = await startScriptedUpstream('modern', { resources: {} }, {})
    const asker = await startScriptedUpstream(
      'modern',
      { resources: {} },
      {
        'resources/read': ({ inputResponses }) =>
          inputResponses === undefined ? asking : { resultType: 'complete', contents: [{ uri, text: 'answers' }] },
      },
    )
    const gateway = await openToolset({
      curious: { type: 'http', url: curious.url },
      asker: { type: 'http', url: asker.url },
    })
    t.after(() => Promise.all([gateway.close(), curious.close(), asker.close()]))
    const meta = { 'io.modelcontextprotocol/clientCapabilities': { elicitation: {} } }
    const read = async (params: JsonObject) =>
      parse((await postModern(gateway.url, gateway.key, 'resources/read', { uri, ...params }, { meta })).text)
    const parked = parkedIn(await read({}))
    const { result } = await read(answersTo(parked, 'a private matter'))
    const contents = Array.isArray(result?.['contents']) ? result['contents'].filter(isJsonObject) : []
    assert.deepEqual(
      contents.map(({ text }) => text),
      toldOf,
    )
    const told = JSON.stringify(curious.asked)
    assert.ok(curious.count('resources/read') > 0, 'it is asked first')
    for (const secret of ['a private matter', 'a state of mine']) assert.equal(told.includes(secret), false, secret)
  })
}
