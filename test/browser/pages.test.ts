import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Page } from 'playwright-core'
import { noBrowser } from './chromium.ts'
import { type House, openHouse, password } from './house.ts'

let house: House
before(async () => {
  if (noBrowser === false) house = await openHouse()
})
after(() => house?.close())

const options = { skip: noBrowser }
const ana = 'ana@example.com'

async function signIn(page: Page, secret = password): Promise<void> {
  await page.fill('[name=username]', ana)
  await page.fill('[name=password]', secret)
  await page.click('button:has-text("Sign in")')
}

async function backAt(page: Page): Promise<URLSearchParams> {
  await page.waitForURL(`${house.app.callback}?*`)
  return new URL(page.url()).searchParams
}

test('sign-up, code, consent, and back in the client', options, async () => {
  const pool = await house.pool({ signInAttributes: ['email', 'phone_number'], requiredSignUpAttributes: ['email'] })
  const { page, look } = await house.window()
  await page.goto(pool.start())
  await look('sign-in')
  await page.click('text=Create an account')
  await look('sign-up')
  await page.fill('[name=email]', 'ana@example')
  await page.fill('[name=password]', 'weak')
  await page.click('button:has-text("Create account")')
  await page.waitForSelector('[aria-invalid]')
  await look('sign-up-problems')
  await page.fill('[name=email]', ana)
  await page.fill('[name=password]', password)
  await page.click('button:has-text("Create account")')
  await page.waitForSelector('[name=code]')
  await look('confirm')
  await page.fill('[name=code]', '000000')
  await page.click('button:has-text("Continue")')
  await page.waitForSelector('#code-problem')
  await look('confirm-problem')
  await page.fill('[name=code]', await pool.codeFor(ana))
  await page.click('button:has-text("Continue")')
  await page.waitForSelector('[name=decision]')
  await look('consent')
  await page.click('button:has-text("Allow")')
  const answer = await backAt(page)
  assert.ok(answer.get('code'))
  assert.equal(answer.get('iss'), pool.issuer)
  // Any program on this machine could ask in the name of this client (RFC 8252 §8.6): who is signed in is asked again.
  await page.goto(pool.start())
  await page.click('button:has-text("Allow")')
  assert.ok((await backAt(page)).get('code'))
})

test('wrong password, then the right one, then deny', options, async () => {
  const pool = await house.pool()
  await pool.addUser({ email: ana })
  const { page, look } = await house.window()
  await page.goto(pool.start())
  await signIn(page, 'Wrong-1234')
  await page.waitForSelector('[role=alert]')
  await look('wrong')
  assert.equal(await page.inputValue('[name=username]'), ana)
  await signIn(page)
  await page.click('button:has-text("Deny")')
  assert.equal((await backAt(page)).get('error'), 'access_denied')
})

test('recovery', options, async () => {
  const pool = await house.pool()
  await pool.addUser({ email: ana, emailVerified: true })
  const { page, look } = await house.window()
  await page.goto(pool.start())
  await page.click('text=Forgot password?')
  await look('recover')
  await page.fill('[name=username]', ana)
  await page.click('button:has-text("Send code")')
  await page.waitForSelector('[name=new_password]')
  await look('reset')
  await page.fill('[name=code]', await pool.codeFor(ana))
  await page.fill('[name=new_password]', 'Engine-No-2')
  await page.click('button:has-text("Set password and sign in")')
  await page.click('button:has-text("Allow")')
  assert.ok((await backAt(page)).get('code'))
})

test('a first password has to be changed', options, async () => {
  const pool = await house.pool()
  await pool.addUser({ email: ana, status: 'FORCE_CHANGE_PASSWORD' })
  const { page, look } = await house.window()
  await page.goto(pool.start())
  await signIn(page)
  await page.waitForSelector('[name=new_password]')
  await look('new-password')
  await page.fill('[name=new_password]', 'Engine-No-2')
  await page.click('button:has-text("Save and continue")')
  await page.waitForSelector('[name=decision]')
})

test('a device', options, async () => {
  const pool = await house.pool()
  await pool.addUser({ email: ana })
  const asked = await fetch(`${pool.issuer}/device_authorization`, {
    method: 'POST',
    headers: { 'user-agent': 'television/1.0' },
    body: new URLSearchParams({ client_id: pool.clientId, scope: 'openid tickets:read' }),
  })
  assert.equal(asked.status, 200)
  const grant = await asked.json()
  const { page, look } = await house.window()
  await page.goto(grant.verification_uri)
  await look('device')
  await page.fill('[name=user_code]', 'WRONG-CODE')
  await page.click('button:has-text("Continue")')
  await page.waitForSelector('#user_code-problem')
  await look('device-problem')
  await page.goto(grant.verification_uri_complete)
  assert.equal(await page.inputValue('[name=user_code]'), grant.user_code)
  await page.click('button:has-text("Continue")')
  await page.waitForSelector('.big-code')
  await look('device-confirm')
  await page.click('button:has-text("Connect")')
  await signIn(page)
  await page.waitForSelector('[name=decision]')
  await look('device-consent')
  await page.click('button:has-text("Allow")')
  await page.waitForSelector('text=You can close this page')
  await look('device-done')
  const tokens = await fetch(`${pool.issuer}/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
      client_id: pool.clientId,
      device_code: grant.device_code,
    }),
  })
  assert.equal(tokens.status, 200, await tokens.text())
})

test('signing out leads back to the client', options, async () => {
  const pool = await house.pool()
  await pool.addUser({ email: ana })
  const { page, look } = await house.window()
  await page.goto(pool.start())
  await signIn(page)
  await page.click('button:has-text("Allow")')
  await backAt(page)
  const target = `${house.app.origin}/signed-out`
  const query = new URLSearchParams({ client_id: pool.clientId, post_logout_redirect_uri: target, state: 'bye' })
  await page.goto(`${pool.issuer}/end-session?${query}`)
  await look('sign-out')
  await page.click('button:has-text("Sign out")')
  await page.waitForURL(`${target}?state=bye`)
  await page.goto(`${pool.issuer}/end-session`)
  await page.waitForSelector('text=Signed out')
  await look('signed-out')
  await page.goto(pool.start())
  await page.waitForSelector('[name=username]')
})

test('mistakes of the client, and pages that are over, say what to do', options, async () => {
  const pool = await house.pool()
  const { page, look } = await house.window()
  await page.goto(pool.start({ redirect_uri: `${house.app.callback}/other` }))
  await page.waitForSelector('text=What was expected')
  await look('error')
  await page.goto(`${pool.issuer}/sign-in/long-gone`)
  await page.waitForSelector('text=Cookies are needed')
  await look('refusal')
  await page.goto(`${house.idp.url}/pools/nobody-has-made-it/auth`)
  await page.waitForSelector('text=there is no such user pool')
  await look('no-pool')
})

test('a browser that does not go on by itself finds a link', options, async () => {
  const pool = await house.pool()
  await pool.addUser({ email: ana })
  const { page, look } = await house.window()
  await page.goto(pool.start())
  const resumed = `${pool.issuer}/auth/*`
  await page.route(resumed, (route) => route.abort('aborted'))
  await signIn(page)
  await page.waitForSelector('text=One moment')
  await look('go-on')
  await page.unroute(resumed)
  await page.click('text=Continue')
  await page.waitForSelector('[name=decision]')
})
