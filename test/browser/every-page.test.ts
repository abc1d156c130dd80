// The pages, and the forms of them, that the ways of pages.test.ts do not come by: each is looked at as the others are.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import type { Page } from 'playwright-core'
import { noBrowser } from './chromium.ts'
import { type House, type HousePool, mcp, openHouse, password, type Window } from './house.ts'

let house: House
before(async () => {
  if (noBrowser === false) house = await openHouse({ POSTERN_ALLOW_LOOPBACK_CLIENT_DOCUMENTS: 'true' })
})
after(() => house?.close())

const options = { skip: noBrowser }
const ana = 'ana@example.com'
const everyAttribute = ['preferred_username', 'email', 'phone_number']

async function signIn(page: Page, secret = password): Promise<void> {
  await page.fill('[name=username]', ana)
  await page.fill('[name=password]', secret)
  await page.click('button:has-text("Sign in")')
}

/** Tries until there is a wait: on a slow machine the first ones are over before the next try. */
async function untilShown(page: Page, text: string, attempt: () => Promise<void>): Promise<void> {
  for (let tries = 0; tries < 20; tries += 1) {
    await attempt()
    await page.waitForLoadState()
    if ((await page.textContent('body'))?.includes(text)) return
  }
  assert.fail(`no "${text}"`)
}

/** A pool with a person in it, and a window at the page where a client sends people. */
async function start(settings: Readonly<Record<string, unknown>> = {}, params: Readonly<Record<string, string>> = {}) {
  const pool = await house.pool(settings)
  await pool.addUser({ email: ana, emailVerified: true })
  const window = await house.window()
  await window.page.goto(pool.start(params))
  return { pool, ...window }
}

async function atConsent(pool: HousePool, params: Readonly<Record<string, string>>): Promise<Window> {
  const window = await house.window()
  await window.page.goto(pool.start(params))
  await signIn(window.page)
  await window.page.waitForSelector('[name=decision]')
  return window
}

test('signing in: with a logo, with nothing else on offer, after too many tries', options, async () => {
  const logo = { name: 'Northwind Staff', logoUri: `${house.app.origin}/logo.svg` }
  const { page, look } = await start({ brand: logo, selfSignUpEnabled: false, selfAccountRecoveryEnabled: false })
  await look('sign-in-closed')
  for (const [path, title] of [
    ['sign-up', 'New accounts are closed'],
    ['recover', 'Passwords cannot be reset here'],
  ]) {
    const url = page.url()
    await page.goto(`${url}/${path}`)
    await page.waitForSelector(`h1:has-text("${title}")`)
    await look(`${path}-off`)
    await page.goto(url)
  }
  await untilShown(page, 'Too many tries', () => signIn(page, 'Wrong-1234'))
  await look('sign-in-wait')
})

test('signing up by one of several names', options, async () => {
  const { page, look } = await start({ signInAttributes: everyAttribute })
  await page.click('text=Create an account')
  await look('sign-up-choice')
  await page.fill('[name=preferred_username]', 'bob')
  await page.fill('[name=password]', password)
  await page.click('button:has-text("Create account")')
  await page.waitForSelector('[aria-invalid]')
  await look('sign-up-choice-problem')
  await page.fill('[name=email]', 'bob@example.com')
  await page.fill('[name=password]', password)
  await page.click('button:has-text("Create account")')
  await page.waitForSelector('[name=code]')
  await page.click('button:has-text("Send another code")')
  await page.waitForSelector('text=Too many tries')
  await look('confirm-wait')
})

test('recovery that goes wrong', options, async () => {
  const { page, look } = await start()
  const first = page.url()
  await page.click('text=Forgot password?')
  await page.fill('[name=username]', '   ')
  await page.click('button:has-text("Send code")')
  await page.waitForSelector('[aria-invalid]')
  await look('recover-problem')
  await page.fill('[name=username]', ana)
  await page.click('button:has-text("Send code")')
  await page.fill('[name=code]', '000000')
  await page.fill('[name=new_password]', 'Engine-No-2')
  await page.click('button:has-text("Set password and sign in")')
  await page.waitForSelector('#code-problem')
  await look('reset-wrong-code')
  await page.fill('[name=code]', '000000')
  await page.fill('[name=new_password]', 'weak')
  await page.click('button:has-text("Set password and sign in")')
  await page.waitForSelector('#new_password-problem')
  await look('reset-weak-password')
  await page.goto(`${first}/new-password`)
  await page.waitForSelector('h1:has-text("Start again")')
  await look('step-over')
})

test('a first password that is too weak', options, async () => {
  const pool = await house.pool()
  await pool.addUser({ email: ana, status: 'FORCE_CHANGE_PASSWORD' })
  const { page, look } = await house.window()
  await page.goto(pool.start())
  await signIn(page)
  await page.fill('[name=new_password]', 'weak')
  await page.click('button:has-text("Save and continue")')
  await page.waitForSelector('[aria-invalid]')
  await look('new-password-problem')
})

test('consent: however the client is known, wherever the answer goes, whatever is asked for', options, async () => {
  const documents = createServer((_req, res) => {
    res.setHeader('content-type', 'application/json')
    res.end(JSON.stringify({ client_id: documentUrl, client_name: 'Described', redirect_uris: [house.app.callback] }))
  })
  documents.listen(0, '127.0.0.1')
  await once(documents, 'listening')
  const documentUrl = `http://127.0.0.1:${(documents.address() as AddressInfo).port}/client.json`
  try {
    const pool = await house.pool()
    await pool.addUser({ email: ana })
    const registered = await fetch(`${pool.issuer}/reg`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ client_name: 'Registered itself', redirect_uris: [house.app.callback] }),
    })
    const { client_id: dynamic } = await registered.json()
    const scheme = 'notebook.example:/callback'
    const native = await (await house.idp.pool(pool.id)).createClient({
      name: 'Scheme',
      clientType: 'MOBILE_APPLICATION',
      redirectUris: [scheme],
    })
    for (const [name, params, says] of [
      ['dynamic', { client_id: dynamic }, 'Registered itself; nobody has checked its name'],
      ['document', { client_id: documentUrl }, 'Described by a document at'],
      ['scheme', { client_id: native.clientId, redirect_uri: scheme }, 'the app on this device that opens'],
    ] as const) {
      const { page, look } = await atConsent(pool, params)
      assert.ok((await page.textContent('main'))?.includes(says), name)
      await look(`consent-${name}`)
    }
    const bare = await house.pool({ resources: [{ identifier: mcp }] })
    await bare.addUser({ email: ana })
    const { page, look } = await atConsent(bare, { scope: '' })
    await page.waitForSelector('text=Know which account is yours')
    await look('consent-bare')
  } finally {
    documents.close()
  }
})

test('a device that is denied, and codes that are used or too many', options, async () => {
  const { pool, page, look } = await start()
  const begin = async () => {
    const body = new URLSearchParams({ client_id: pool.clientId })
    return await (await fetch(`${pool.issuer}/device_authorization`, { method: 'POST', body })).json()
  }
  const enter = async (code: string) => {
    await page.goto(`${pool.issuer}/device`)
    await page.fill('[name=user_code]', code)
    await page.click('button:has-text("Continue")')
  }
  const { user_code: code } = await begin()
  await enter(code)
  await page.click('button:has-text("Cancel")')
  await page.waitForSelector('text=Nothing was connected')
  await look('device-denied')
  await enter(code)
  await page.waitForSelector('#user_code-problem')
  await look('device-used')
  await untilShown(page, 'too many wrong codes', () => enter('WRONG-CODE'))
  await look('device-wait')
})

test('signing out for oneself', options, async () => {
  const { pool, page, look } = await start()
  await signIn(page)
  await page.waitForSelector('[name=decision]')
  await page.goto(`${pool.issuer}/end-session`)
  await page.waitForSelector('text=You will be signed out of')
  await look('sign-out-bare')
})

test('refusals', options, async () => {
  const { page, look } = await start()
  const first = page.url()
  for (const [name, url, title] of [
    ['not-found', `${first}/nothing`, 'There is no such page'],
    ['method', `${first}/cancel`, 'This does not work here'],
    ['gone', `${first}x`, 'needed'],
  ] as const) {
    await page.goto(url)
    await page.waitForSelector(`h1:has-text("${title}")`)
    await look(`refusal-${name}`)
  }
  await page.goto(first)
  await page.evaluate(`document.querySelector('[name=csrf]').value = 'x'`)
  await signIn(page)
  await page.waitForSelector('h1:has-text("Not from this page")')
  await look('refusal-foreign')
  await page.goto(first)
  await page.evaluate(`document.querySelector('[name=username]').removeAttribute('maxlength')`)
  await page.fill('[name=username]', 'x'.repeat(40_000))
  await page.fill('[name=password]', password)
  await page.click('button:has-text("Sign in")')
  await page.waitForSelector('h1:has-text("The form cannot be read")')
  await look('refusal-form')
})
