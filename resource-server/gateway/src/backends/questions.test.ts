/** Who is given a backend's question, and what becomes of it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JsonObject, RpcId, RpcOutcome } from './json-rpc.ts'
import { createQuestions, type QuestionsOptions } from './questions.ts'
import type { Asker, Question } from './types.ts'

function open(options: Partial<QuestionsOptions> = {}) {
  const answers: [RpcId, RpcOutcome][] = []
  const told: [string, JsonObject][] = []
  const questions = createQuestions({
    capabilities: { roots: {} },
    most: 3,
    maxBytes: 1000,
    timeoutMs: 60_000,
    answer: (id, outcome) => void answers.push([id, outcome]),
    tell: (method, params) => void told.push([method, params]),
    ...options,
  })
  return {
    questions,
    answers,
    told,
    ask: (id: RpcId, params: JsonObject = {}) => questions.receive(id, { method: 'roots/list', params }),
  }
}

/** Somebody who can ask, and answers when told to. */
function asker() {
  const given: { readonly question: Question; readonly settle: (outcome: RpcOutcome | undefined) => void }[] = []
  const ask: Asker = (question) => new Promise((settle) => given.push({ question, settle }))
  return { ask, given }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))
const answer = { result: { roots: [] } }

test('a question goes to the newest call that has none, and to a stream where there is no call', async () => {
  const { questions, answers, ask } = open()
  const [stream, older, newer] = [asker(), asker(), asker()]
  questions.add(stream.ask, 'stream')
  ask(1)
  assert.equal(stream.given.length, 1)
  questions.add(older.ask, 'call')
  const leave = questions.add(newer.ask, 'call')
  ask(2)
  ask(3)
  assert.deepEqual([older.given.length, newer.given.length, stream.given.length], [1, 1, 1])
  assert.equal(questions.isAsking(newer.ask), true)
  newer.given[0]?.settle(answer)
  await turn()
  assert.equal(questions.isAsking(newer.ask), false)
  assert.deepEqual(answers, [[2, answer]])
  leave()
  ask(4)
  assert.equal(older.given.length, 2)
})

test('who cannot ask passes it on; what nobody can ask waits for somebody who comes', async () => {
  const { questions, answers, ask } = open()
  const [first, second, third] = [asker(), asker(), asker()]
  questions.add(first.ask, 'stream')
  questions.add(second.ask, 'call')
  ask('q')
  second.given[0]?.settle(undefined)
  await turn()
  first.given[0]?.settle(undefined)
  await turn()
  assert.deepEqual([first.given.length, second.given.length, answers], [1, 1, []])
  questions.add(third.ask, 'call')
  third.given[0]?.settle(answer)
  await turn()
  assert.deepEqual(answers, [['q', answer]])
})

test('one that is taken back is answered no more, and its asker hears of it', async () => {
  const { questions, answers, told, ask } = open()
  const one = asker()
  questions.add(one.ask, 'call')
  ask(1, { _meta: { progressToken: 'theirs' } })
  const { question, settle } = one.given[0] ?? assert.fail()
  question.progress({ progressToken: 'ours', progress: 1 })
  assert.deepEqual(told, [['notifications/progress', { progressToken: 'theirs', progress: 1 }]])
  questions.withdraw(1)
  assert.equal(question.signal.aborted, true)
  question.progress({ progress: 2 })
  settle(answer)
  await turn()
  questions.withdraw('never asked')
  assert.deepEqual([answers, told.length], [[], 1])
})

test('too many, too long, twice the same or never allowed: refused at once', () => {
  const { questions, answers, ask } = open()
  for (const id of [1, 2, 3, 4]) ask(id)
  ask(3)
  questions.withdraw(1)
  ask(5, { long: 'x'.repeat(1000) })
  questions.receive(6, { method: 'sampling/createMessage' })
  const said = answers.map(([id, outcome]) => [id, 'error' in outcome ? outcome.error.code : outcome])
  assert.deepEqual(said, [
    [4, -32603],
    [3, -32600],
    [5, -32602],
    [6, -32601],
  ])
  questions.close()
})

test('an asker that fails is an answer, and so is time', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { questions, answers, ask } = open({ timeoutMs: 1000 })
  ask('waits')
  t.mock.timers.tick(999)
  assert.equal(answers.length, 0)
  t.mock.timers.tick(1)
  questions.add(() => Promise.reject(new Error('secret')), 'call')
  ask('fails')
  await turn()
  assert.deepEqual(
    answers.map(([id, outcome]) => [id, 'error' in outcome ? outcome.error.message : '']),
    [
      ['waits', 'The client did not answer in time.'],
      ['fails', 'The client could not be asked.'],
    ],
  )
})

test('with the backend everything ends, and nothing is said to nobody', async () => {
  const { questions, answers, ask } = open()
  const one = asker()
  questions.add(one.ask, 'call')
  ask(1)
  ask(2)
  questions.close()
  assert.deepEqual(
    one.given.map(({ question }) => question.signal.aborted),
    [true, true],
  )
  for (const { settle } of one.given) settle(answer)
  await turn()
  assert.deepEqual(answers, [])
})
