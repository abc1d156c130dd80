import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Json, RpcNotification } from '../backends/json-rpc.ts'
import { type Attempt, type CallHooks, createParkableCall } from './parked-call.ts'
import type { Relayed } from './relay.ts'

const limits = { gatherMs: 1, parkedBytes: 1000, parkedNotifications: 3 }
const owner = { serviceId: 'svc', callerKey: 'caller' }

/** A call whose course is told from outside. */
function open() {
  const end = Promise.withResolvers<Relayed>()
  const begun = Promise.withResolvers<CallHooks>()
  const run = (hooks: CallHooks): Promise<Relayed> => {
    begun.resolve(hooks)
    return end.promise
  }
  return { call: createParkableCall({ owner, limits, run }), end, begun: begun.promise }
}

function attempt() {
  const heard: (Json | undefined)[] = []
  const onNotification = ({ params }: RpcNotification) => void heard.push(params?.['data'])
  const gone = new AbortController().signal
  return { heard, attempt: { progressToken: undefined, onNotification, gone } satisfies Attempt }
}

test('a call that breaks is told to whoever attends it, then or later', async () => {
  const failure = new RangeError('Maximum call stack size exceeded')
  const first = open()
  const attended = first.call.attend(attempt().attempt)
  first.end.reject(failure)
  await assert.rejects(attended, failure)
  assert.deepEqual([first.call.attended, first.call.finished], [false, true])

  const later = open()
  later.end.reject(failure)
  await assert.rejects(later.end.promise)
  await assert.rejects(later.call.attend(attempt().attempt), failure)
  const { ask } = await later.begun
  const question = { request: { method: 'ping' }, signal: new AbortController().signal, progress: () => {} }
  assert.equal(await ask(question), undefined)
})

test('an answer that cannot be measured breaks its own call and nothing else', async () => {
  const { call, end } = open()
  const deep: Json = JSON.parse(`${'['.repeat(8000)}${']'.repeat(8000)}`)
  end.resolve({ outcome: { result: { deep } } })
  await end.promise
  await assert.rejects(call.attend(attempt().attempt), RangeError)
})

test('of what is said while nobody attends, the newest is kept: by number and by bytes', async () => {
  const { call, end, begun } = open()
  const { onNotification } = await begun
  const say = (data: Json) => onNotification({ method: 'notifications/message', params: { data } })
  const hear = async () => {
    const { heard, attempt: listener } = attempt()
    const turn = call.attend(listener)
    onNotification({ method: 'notifications/message', params: { data: 'live' } })
    const { ask } = await begun
    const done = new AbortController()
    const asked = ask({ request: { method: 'ping' }, signal: done.signal, progress: () => {} })
    await turn
    done.abort()
    await asked
    return heard
  }
  for (const data of [1, 2, 3, 4]) say(data)
  assert.deepEqual(await hear(), [2, 3, 4, 'live'])
  const long = 'x'.repeat(400)
  for (const data of [1, long, 2, long]) say(data)
  assert.deepEqual(await hear(), [long, 2, long, 'live'])
  for (const data of [`${long}1`, `${long}2`, `${long}3`]) say(data)
  assert.deepEqual(await hear(), [`${long}2`, `${long}3`, 'live'])
  for (const data of [1, 'x'.repeat(1000), 2]) say(data)
  assert.deepEqual(await hear(), [2, 'live'])
  end.resolve({ outcome: { result: {} } })
  assert.deepEqual(await call.attend(attempt().attempt), { relayed: { outcome: { result: {} } } })
})
