// Alone in its file: it moves the time of the whole process.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { moveTime, restoreTime } from '@postern/core/testing'
import { formsOf, linkOf, submit, textOf, titleOf } from './test-forms.ts'
import { type House, openHouse, password } from './test-house.ts'

let house: House
before(async () => {
  house = await openHouse()
})
after(async () => {
  restoreTime()
  await house.close()
})

const minute = 60_000

test('a page that was left open for too long says so, and takes nothing any more', async () => {
  const { request, addUser } = await house.pool()
  await addUser({ email: 'ana@example.com' })
  const browser = house.browser()
  const first = await browser.follow(request().url)
  moveTime(29 * minute)
  assert.equal((await browser.go(first.url)).status, 200)
  moveTime(2 * minute)
  const { csrf = '' } = formsOf(first)[0]?.fields ?? {}
  for (const visit of [
    await browser.go(first.url),
    await browser.go(first.url, { csrf, username: 'ana@example.com', password }),
  ]) {
    assert.equal(visit.status, 410)
    assert.match(textOf(visit.text), /This page is over .* Go back to the app and start again\./)
  }
})

test('a code that is too old is wrong, and another one helps', async () => {
  const { request, codeFor } = await house.pool()
  const browser = house.browser()
  const signUp = await browser.follow(linkOf(await browser.follow(request().url), 'Create an account'))
  const confirm = await submit(browser, signUp, { email: 'ana@example.com', password })
  const code = await codeFor('ana@example.com')
  moveTime(11 * minute)
  const wrong = await submit(browser, confirm, { code })
  assert.equal(wrong.status, 400)
  const again = await submit(browser, wrong, {}, 'Send another code')
  assert.match(textOf(again.text), /Another code is on its way\./)
  const consent = await submit(browser, again, { code: await codeFor('ana@example.com') })
  assert.match(titleOf(consent), /^Give /)
})
