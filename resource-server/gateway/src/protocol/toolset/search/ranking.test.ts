import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toolsetLimits } from '../../../limits.ts'
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
