/** Calls of modern clients that wait for answers to a legacy backend's questions: whose they are, and for how long. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually, odd } from '../backends/fixtures/harness.ts'
import { askingStdio } from './fixtures/asking-servers.ts'
import { answersTo, callModern, parkedIn, said } from './fixtures/asking-wire.ts'
import { startTestGateway, type TestGatewayOptions } from './fixtures/test-gateway.ts'
import { postModern } from './fixtures/wire.ts'

async function open(t: { after(end: () => Promise<void>): void }, options: TestGatewayOptions = {}) {
  const backend = askingStdio('legacy')
  const services = [
    { id: 'svc', path: '/mcp', backend },
    { id: 'other', path: '/other', backend },
  ]
  const gateway = await startTestGateway({ services, ...options })
  t.after(gateway.close)
  const url = `${gateway.origin}/mcp`
  return { ...gateway, url, key: await gateway.catalog.addKey('svc', { name: 'one' }) }
}

const refused = { forged: /was changed, or is not of this caller/, used: /used before/, over: /is over/ } as const

function changed(state: string, at: number): string {
  const place = at < 0 ? state.length + at : at
  return state.slice(0, place) + (state[place] === 'A' ? 'B' : 'A') + state.slice(place + 1)
}

test('a question parks the call, and the answer goes on with it', async (t) => {
  const { url, key } = await open(t)
  const parked = parkedIn(await callModern(url, key, 'ask-name'))
  assert.deepEqual(parked.inputRequests, {
    q1: {
      method: 'elicitation/create',
      params: {
        mode: 'form',
        message: 'Who are you?',
        requestedSchema: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] },
      },
    },
  })
  assert.equal(said(await callModern(url, key, 'ask-name', answersTo(parked))), 'Ada')
})

test('a state that was changed, or made up, is refused, and nothing is lost by it', async (t) => {
  const { url, key } = await open(t)
  const parked = parkedIn(await callModern(url, key, 'ask-name'))
  const { requestState } = parked
  const forged: unknown[] = [changed(requestState, 0), changed(requestState, 5), changed(requestState, -2)]
  forged.push(requestState.slice(0, -4), `${requestState}AAAA`, '', 'v1.', 'x'.repeat(100_000), 7, null, {}, [
    requestState,
  ])
  for (const state of forged) {
    const params = { ...answersTo(parked), requestState: state as string }
    const { status, error, result } = await callModern(url, key, 'ask-name', params)
    assert.deepEqual([status, error?.code, result], [200, -32602, undefined], JSON.stringify(state)?.slice(0, 80))
    assert.match(error?.message ?? '', refused.forged)
  }
  assert.equal(said(await callModern(url, key, 'ask-name', answersTo(parked))), 'Ada')
})

test('another caller, service, tool or argument makes a state void, and its owner can still use it', async (t) => {
  const { url, key, catalog, origin } = await open(t)
  const parked = parkedIn(await callModern(url, key, 'ask-name', { arguments: { a: 1, b: [{ c: 2, d: 3 }] } }))
  const answers = answersTo(parked, 'Mallory')
  const args = { arguments: { a: 1, b: [{ c: 2, d: 3 }] } }
  const stranger = await catalog.addKey('svc', { name: 'two' })
  const elsewhere = await catalog.addKey('other', { name: 'one' })
  const attempts = [
    callModern(url, stranger, 'ask-name', { ...args, ...answers }),
    callModern(`${origin}/other`, elsewhere, 'ask-name', { ...args, ...answers }),
    callModern(url, key, 'rounds', { ...args, ...answers }),
    callModern(url, key, 'ask-name', { arguments: { a: 2, b: [{ c: 2, d: 3 }] }, ...answers }),
    callModern(url, key, 'ask-name', answers),
  ]
  for (const { error } of await Promise.all(attempts)) assert.match(error?.message ?? '', refused.forged)
  // The same arguments in another order are the same arguments.
  const same = { arguments: { b: [{ d: 3, c: 2 }], a: 1 } }
  assert.equal(said(await callModern(url, key, 'ask-name', { ...same, ...answersTo(parked) })), 'Ada')
})

test('a state that is refused is an event, without the state', async (t) => {
  const { url, key, events, clock } = await open(t, { frozen: true })
  const first = parkedIn(await callModern(url, key, 'rounds'))
  const second = parkedIn(await callModern(url, key, 'rounds', answersTo(first)))
  const third = parkedIn(await callModern(url, key, 'rounds', answersTo(second)))
  events.length = 0
  const forged = { ...answersTo(third), requestState: changed(third.requestState, -2) }
  await callModern(url, key, 'rounds', forged)
  await postModern(url, key, 'prompts/get', { name: 'greet', requestState: 'made up' })
  await callModern(url, key, 'rounds', answersTo(first))
  assert.deepEqual(said(await callModern(url, key, 'rounds', answersTo(third))), ['Ada', 'Ada', 'Ada'])
  await callModern(url, key, 'rounds', answersTo(third))
  clock.advance(5 * 60_000)
  await callModern(url, key, 'rounds', answersTo(third))
  const refusal = ['access.refused', 'refused', 'request_state_refused', 200]
  assert.deepEqual(
    events.map(({ tool, kind, outcome, reason, status }) => [tool, kind, outcome, reason, status]),
    [
      ['rounds', ...refusal],
      [undefined, ...refusal],
      ['rounds', ...refusal],
      ['rounds', 'access.verified', 'ok', 'ok', 200],
      ['rounds', ...refusal],
      ['rounds', ...refusal],
    ],
  )
  const recorded = JSON.stringify(events)
  for (const { requestState } of [first, second, third, forged]) assert.ok(!recorded.includes(requestState))
})

test('a call that waits for its client holds no place, and comes back only where there is one', async (t) => {
  const service = { id: 'svc', path: '/mcp', backend: askingStdio('legacy'), access: { limits: { concurrent: 1 } } }
  const { url, key } = await open(t, { services: [service] })
  const waiting = [parkedIn(await callModern(url, key, 'ask-name')), parkedIn(await callModern(url, key, 'ask-name'))]
  for (const parked of waiting) assert.equal(said(await callModern(url, key, 'ask-name', answersTo(parked))), 'Ada')
})

test('a state can be used once, whichever round it is of', async (t) => {
  const { url, key } = await open(t)
  const first = parkedIn(await callModern(url, key, 'rounds'))
  const second = parkedIn(await callModern(url, key, 'rounds', answersTo(first, 'a')))
  assert.match((await callModern(url, key, 'rounds', answersTo(first, 'replayed'))).error?.message ?? '', refused.used)
  const third = parkedIn(await callModern(url, key, 'rounds', answersTo(second, 'b')))
  const both = await Promise.all([
    callModern(url, key, 'rounds', answersTo(third, 'c')),
    callModern(url, key, 'rounds', answersTo(third, 'c')),
  ])
  const won = both.filter(({ result }) => result !== undefined)
  assert.deepEqual(won.map(said), [['a', 'b', 'c']])
  for (const state of [first, second, third]) {
    assert.match((await callModern(url, key, 'rounds', answersTo(state))).error?.message ?? '', refused.over)
  }
})

test('what is missing is asked for again, what nobody asked is left alone, what is no answer is refused', async (t) => {
  const { url, key } = await open(t)
  const parked = parkedIn(await callModern(url, key, 'both'))
  assert.deepEqual(Object.keys(parked.inputRequests), ['q1', 'q2'])
  for (const inputResponses of [{ q1: 5 }, { q1: null }, { q1: [] }, 'x', [1]]) {
    const { requestState } = parked
    const { error } = await callModern(url, key, 'both', { requestState, inputResponses: inputResponses as never })
    assert.match(error?.message ?? '', /^inputResponses: give an object/)
  }
  const form = { action: 'accept', content: { name: 'Ada' } }
  const partly = { requestState: parked.requestState, inputResponses: { q1: form, q9: form, __proto__: form } }
  const again = parkedIn(await callModern(url, key, 'both', partly))
  assert.deepEqual(Object.keys(again.inputRequests), ['q2'])
  const nothing = parkedIn(await callModern(url, key, 'both', { requestState: again.requestState }))
  const q2 = { role: 'assistant', model: 'none', content: { type: 'text', text: 'sampled' } }
  const answer = await callModern(url, key, 'both', { requestState: nothing.requestState, inputResponses: { q2 } })
  assert.deepEqual(said(answer), ['Ada', 'sampled'])
})

test('a state expires, and the call with it: the backend is told', async (t) => {
  const frozen = await open(t, { frozen: true })
  const parked = parkedIn(await callModern(frozen.url, frozen.key, 'ask-name'))
  frozen.clock.advance(5 * 60_000)
  const late = await callModern(frozen.url, frozen.key, 'ask-name', answersTo(parked))
  assert.match(late.error?.message ?? '', /it has expired/)

  const backend = odd()
  const short = await open(t, { limits: { parkedMs: 50 }, services: [{ id: 'svc', path: '/mcp', backend }] })
  const capabilities = { sampling: {} }
  parkedIn(await callModern(short.url, short.key, 'ask', {}, capabilities))
  await eventually(async () => {
    const reasons = said(await callModern(short.url, short.key, 'cancelled', {}, capabilities))
    return JSON.stringify(reasons).includes('cancelled by the caller')
  }, 'the cancellation of a call that nobody came back to')
})

test('calls that wait are bounded for each caller and in all; one over the bound is cancelled', async (t) => {
  const { url, key, catalog } = await open(t, { limits: { parkedPerCaller: 2, parked: 3 } })
  const stranger = await catalog.addKey('svc', { name: 'two' })
  const mine = [parkedIn(await callModern(url, key, 'ask-name')), parkedIn(await callModern(url, key, 'ask-name'))]
  const third = await callModern(url, key, 'ask-name')
  assert.deepEqual([third.error?.data, third.error?.code], [{ reason: 'parked_limit' }, -32603])
  const theirs = parkedIn(await callModern(url, stranger, 'ask-name'))
  assert.deepEqual((await callModern(url, stranger, 'ask-name')).error?.data, { reason: 'parked_limit' })
  assert.equal(said(await callModern(url, key, 'ask-name', answersTo(mine[0] ?? theirs, 'first'))), 'first')
  const room = parkedIn(await callModern(url, key, 'ask-name'))
  for (const [parked, who] of [
    [mine[1] ?? theirs, key],
    [room, key],
    [theirs, stranger],
  ] as const) {
    assert.equal(said(await callModern(url, who, 'ask-name', answersTo(parked))), 'Ada')
  }
})

test('a flood of questions: so many are asked, the rest is refused', async (t) => {
  const { url, key } = await open(t, { backendLimits: { questions: 5 } })
  const answer = { role: 'assistant', model: 'none', content: { type: 'text', text: 'x' } }
  let reply = await callModern(url, key, 'flood')
  // The questions come through a pipe: none may be answered before the last has come, or more than five would be taken.
  await eventually(async () => said(await callModern(url, key, 'refused')) === 195, 'the refusal of the rest')
  let asked = 0
  while (reply.result?.['resultType'] === 'input_required') {
    const { requestState, inputRequests } = parkedIn(reply)
    const ids = Object.keys(inputRequests)
    asked += ids.length
    const inputResponses = Object.fromEntries(ids.map((id) => [id, answer]))
    reply = await callModern(url, key, 'flood', { requestState, inputResponses })
  }
  assert.deepEqual([asked, said(reply)], [5, { refused: 195 }])
})

test('an answer of 10 MB is refused at the door, and a fitting one still taken', async (t) => {
  const { url, key } = await open(t)
  const parked = parkedIn(await callModern(url, key, 'ask-name'))
  const large = await callModern(url, key, 'ask-name', answersTo(parked, 'x'.repeat(10 * 1024 * 1024)))
  assert.equal(large.status, 413)
  assert.equal(said(await callModern(url, key, 'ask-name', answersTo(parked))), 'Ada')
})

test('a backend that dies while a call waits: who comes back is told, once', async (t) => {
  const { url, key, backends } = await open(t)
  const parked = parkedIn(await callModern(url, key, 'die'))
  await eventually(() => backends.processes().length === 0, 'the end of the backend')
  const answer = await callModern(url, key, 'die', answersTo(parked))
  assert.equal(answer.error?.message, 'The backend of this service has stopped.')
  const { error } = await callModern(url, key, 'die', answersTo(parked))
  assert.match(error?.message ?? '', refused.over)
})

test('a service that goes takes its calls with it; a key that is taken back opens nothing any more', async (t) => {
  const { url, key, catalog } = await open(t)
  const parked = parkedIn(await callModern(url, key, 'ask-name'))
  catalog.removeKeys('svc')
  assert.equal((await callModern(url, key, 'ask-name', answersTo(parked))).status, 401)
  catalog.remove('svc')
  catalog.put({ id: 'svc', path: '/mcp', backend: askingStdio('legacy') })
  const again = await catalog.addKey('svc', { name: 'one' })
  assert.notEqual((await callModern(url, again, 'ask-name', answersTo(parked))).error, undefined)
})

test('a client is asked for nothing that it has not declared', async (t) => {
  const { url, key } = await open(t)
  assert.deepEqual(said(await callModern(url, key, 'capabilities', {}, {})), {})
  const some = { elicitation: {}, sampling: { tools: {} }, experimental: { x: {} }, tasks: {} }
  const told = { elicitation: { form: {} }, sampling: { tools: {} } }
  assert.deepEqual(said(await callModern(url, key, 'capabilities', {}, some)), told)
  const { failed } = said(await callModern(url, key, 'roots', {}, some)) as { failed: string }
  assert.match(failed, /Method not found/)
  // One that asks all the same is refused before anybody hears of it.
  const rude = await open(t, { services: [{ id: 'svc', path: '/mcp', backend: odd() }] })
  assert.equal(said(await callModern(rude.url, rude.key, 'ask', {}, { elicitation: {} })), 'was answered')
})

test('a backend that all callers share can ask nobody', async (t) => {
  const service = { id: 'svc', path: '/mcp', backend: askingStdio('legacy'), isolation: 'shared' } as const
  const { url, key } = await open(t, { services: [service] })
  assert.deepEqual(said(await callModern(url, key, 'capabilities')), {})
})

test('a modern backend’s state is bound to caller and request, shared or not', async (t) => {
  for (const isolation of ['caller', 'shared'] as const) {
    const service = { id: 'svc', path: '/mcp', backend: askingStdio('modern'), isolation }
    const { url, key, catalog } = await open(t, { services: [service], frozen: true })
    const { requestState } = parkedIn(await callModern(url, key, 'state'))
    assert.ok(!requestState.includes('state of the backend'))
    const stranger = await catalog.addKey('svc', { name: 'two' })
    for (const [who, name, state] of [
      [stranger, 'state', requestState],
      [key, 'rounds', requestState],
      [key, 'state', changed(requestState, -2)],
      [key, 'state', 'state of the backend'],
    ] as const) {
      const { error } = await callModern(url, who, name, { requestState: state })
      assert.match(error?.message ?? '', refused.forged)
    }
    assert.equal(said(await callModern(url, key, 'state', { requestState })), 'state of the backend')
  }
})
