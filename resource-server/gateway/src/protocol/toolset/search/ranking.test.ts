import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ToolsetLimits, toolsetLimits } from '../../../limits.ts'
import { createRanking } from './ranking.ts'
import { wordsOf } from './words.ts'

test('names and texts fall into words, in any language', () => {
  assert.deepEqual(wordsOf('getWeatherForecast'), ['get', 'weather', 'forecast'])
  assert.deepEqual(wordsOf('get_weather-forecast'), ['get', 'weather', 'forecast'])
  assert.deepEqual(wordsOf('What is the time?'), ['what', 'is', 'the', 'time'])
  assert.ok(wordsOf('查询北京的天气').includes('天气'))
})

test('the better a tool fits, the earlier it comes, and each task gets its share', () => {
  const entry = (name: string, description: string) => ({
    serviceId: 's',
    shown: { name: `s__${name}` },
    own: { name, description },
  })
  const entries = [
    entry('delete_file', 'Deletes a file for ever'),
    entry('get_weather', '查询天气 The weather of a city'),
    entry('forecast', 'The weather of the days to come'),
    entry('send_mail', 'Sends a mail'),
  ]
  const ranking = createRanking(toolsetLimits)
  const best = (tasks: string[], most = 10) => ranking.best(entries, tasks, most).map(({ own }) => own['name'])
  assert.deepEqual(best(['get the weather']).slice(0, 2), ['get_weather', 'forecast'])
  assert.equal(best(['天气'])[0], 'get_weather')
  assert.deepEqual(best(['weather', 'send a mail'], 2), ['get_weather', 'send_mail'])
  assert.deepEqual(best(['nothing of this kind'.replace(/./g, 'z')]), [])
})

test('a search looks for so many words at most, for what looks alike for fewer: the gateway serves nobody meanwhile', () => {
  const entry = (name: string) => ({ serviceId: 's', shown: { name }, own: { name } })
  const entries = ['weather', 'mail'].map(entry)
  const limits = { ...toolsetLimits, searchWords: 8, searchWideWords: 4, searchWideWord: 10 }
  const found = (...tasks: string[]) =>
    createRanking(limits)
      .best(entries, tasks, 10)
      .map(({ own }) => own['name'])
  const words = (count: number) => Array.from({ length: count }, (_, place) => `zz${place}`).join(' ')
  assert.deepEqual(found(`${words(7)} weather`), ['weather'])
  assert.deepEqual(found(`${words(8)} weather`), [], 'the ninth word')
  assert.deepEqual(found(`${'zz '.repeat(50)} weather`), ['weather'], 'a word counts once')
  assert.deepEqual(found(`${words(3)} weathr`), ['weather'])
  assert.deepEqual(found(`${words(4)} weathr`), [], 'the fifth word has to be written as it is')
  assert.deepEqual(found(`${words(4)} weath`), [])
  assert.deepEqual(found('weatherweather', 'weathr'), ['weather'], 'each task has its share')
  assert.deepEqual(found(`${words(4)} weather`, `${words(3)} mail`), ['mail'])
})

test('the most that may be asked takes no time that anybody would notice', () => {
  const letters = 'abcdefghijklmnopqrstuvwxyz'
  const word = (seed: number) =>
    Array.from({ length: 5 + (seed % 6) }, (_, place) => letters[Math.floor(seed / 26 ** place) % 26]).join('')
  const text = (from: number, length: number) =>
    Array.from({ length }, (_, place) => word((from + place) * 7919 + 104_729)).join(' ')
  const entries = Array.from({ length: 200 }, (_, place) => ({
    serviceId: 's',
    shown: { name: `s__${place}` },
    own: { name: `tool_${place}`, description: text(place * 40, 40) },
  }))
  const tasks = Array.from({ length: 4 }, (_, place) => text(place * 200 + 1, 200).slice(0, 1000))
  const took = (limits: typeof toolsetLimits | ToolsetLimits) => {
    const ranking = createRanking(limits)
    ranking.best(entries, ['x'], 10)
    const start = performance.now()
    ranking.best(entries, tasks, 10)
    return performance.now() - start
  }
  const unbounded = took({ ...toolsetLimits, searchWords: 1e9, searchWideWords: 1e9 })
  assert.ok(took(toolsetLimits) < unbounded / 4, 'the bounds are what makes it fast')
})
