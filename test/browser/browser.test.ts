import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { noBrowser } from './chromium.ts'
import { openClientApp } from './client-app.ts'
import { type House, openHouse, password } from './house.ts'

let house: House
before(async () => {
  if (noBrowser === false) house = await openHouse()
})
after(() => house?.close())

const options = { skip: noBrowser }
const ana = 'ana@example.com'

test('the whole way without any script, in Chinese, on a phone', options, async () => {
  const pool = await house.pool()
  await pool.addUser({ email: ana })
  const { page } = await house.window({
    javaScriptEnabled: false,
    locale: 'zh-CN',
    viewport: { width: 320, height: 640 },
  })
  await page.goto(pool.start())
  assert.equal(await page.textContent('h1'), '登录')
  await page.fill('[name=username]', ana)
  await page.fill('[name=password]', password)
  await page.click('button:has-text("登录")')
  await page.click('button:has-text("允许")')
  await page.waitForURL(`${house.app.callback}?*`)
})

test('with the keyboard alone', options, async () => {
  const pool = await house.pool()
  await pool.addUser({ email: ana })
  const { page } = await house.window()
  await page.goto(pool.start())
  const focused = (property: string) => page.evaluate(`document.activeElement.${property}`)
  await page.waitForFunction('document.activeElement.name === "username"')
  await page.keyboard.type(ana)
  await page.keyboard.press('Tab')
  assert.equal(await focused('name'), 'password')
  await page.keyboard.type(password)
  await page.keyboard.press('Tab')
  assert.equal(await focused('name'), 'remember')
  await page.keyboard.press('Space')
  await page.keyboard.press('Tab')
  assert.equal(await focused('textContent'), 'Forgot password?')
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await page.waitForSelector('[name=decision]')
  await page.keyboard.press('Tab')
  assert.equal(await focused('value'), 'deny')
  await page.keyboard.press('Tab')
  assert.equal(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle'), 'solid')
  await page.keyboard.press('Enter')
  await page.waitForURL(`${house.app.callback}?*`)
})

test('nothing scrolls sideways at 320 pixels, which is a desktop at four times the zoom', options, async () => {
  const pool = await house.pool({ signInAttributes: ['preferred_username', 'email', 'phone_number'] })
  await pool.addUser({ email: ana })
  for (const locale of ['en-GB', 'zh-CN']) {
    const { page, look } = await house.window({ locale, viewport: { width: 320, height: 640 } })
    await page.goto(pool.start())
    await look(`narrow-sign-in-${locale}`)
    await page.goto(`${page.url()}/sign-up`)
    await look(`narrow-sign-up-${locale}`)
    await page.goBack()
    await page.fill('[name=username]', ana)
    await page.fill('[name=password]', password)
    await page.press('[name=password]', 'Enter')
    await page.waitForSelector('[name=decision]')
    await look(`narrow-consent-${locale}`)
    await page.goto(pool.start({ redirect_uri: 'https://elsewhere.example/' }))
    await look(`narrow-error-${locale}`)
  }
})

test('a client that opened the pages in a popup finds its window again', options, async () => {
  const pool = await house.pool()
  await pool.addUser({ email: ana })
  const { page, context } = await house.window()
  await page.goto(house.app.origin)
  const opened = context.waitForEvent('page')
  await page.evaluate(`void window.open(${JSON.stringify(pool.start())}, 'sign-in', 'width=500,height=700')`)
  const popup = await opened
  await popup.fill('[name=username]', ana)
  await popup.fill('[name=password]', password)
  await popup.click('button:has-text("Sign in")')
  await popup.click('button:has-text("Allow")')
  await popup.waitForURL(`${house.app.callback}?*`)
  assert.equal(await popup.evaluate('window.opener !== null && window.opener.location.origin'), house.app.origin)
})

test('a page in a frame of another site stays empty', options, async () => {
  const pool = await house.pool()
  const { page } = await house.window()
  await page.goto(house.app.origin)
  const blocked = page.waitForEvent('console', (message) => message.text().includes('frame-ancestors'))
  await page.evaluate(`{
    const frame = document.createElement('iframe')
    frame.src = ${JSON.stringify(pool.start())}
    document.body.append(frame)
  }`)
  await blocked
  const [, frame] = page.frames()
  assert.equal(await frame?.locator('form').count(), 0)
})

test('a form of another site gets nowhere, though the browser sends its cookies along', options, async () => {
  const pool = await house.pool()
  await pool.addUser({ email: ana })
  const { page, context } = await house.window()
  await page.goto(pool.start())
  await page.fill('[name=username]', ana)
  await page.fill('[name=password]', password)
  await page.click('button:has-text("Sign in")')
  const csrf = await page.inputValue('[name=csrf]')
  const url = page.url()
  const evil = await context.newPage()
  await evil.goto(house.app.origin)
  const answered = evil.waitForResponse((response) => response.request().method() === 'POST')
  await evil.evaluate(`{
    const form = document.createElement('form')
    Object.assign(form, { method: 'post', action: ${JSON.stringify(`${url}/consent`)} })
    for (const [name, value] of [['csrf', ${JSON.stringify(csrf)}], ['decision', 'allow']]) {
      form.append(Object.assign(document.createElement('input'), { name, value }))
    }
    document.body.append(form)
    form.submit()
  }`)
  assert.equal((await answered).status(), 403)
  await page.click('button:has-text("Deny")')
  await page.waitForURL(/error=access_denied/)
})

test('redirects to private-use schemes and to IPv6 are not blocked', options, async () => {
  for (const redirectUri of ['notebook.example:/callback', 'http://[::1]:9/callback']) {
    const pool = await house.pool()
    await pool.addUser({ email: ana })
    const client = await house.idp
      .pool(pool.id)
      .then((one) =>
        one.createClient({ name: 'Notebook', clientType: 'MOBILE_APPLICATION', redirectUris: [redirectUri] }),
      )
    const { page, complaints } = await house.window()
    await page.goto(pool.start({ client_id: client.clientId, redirect_uri: redirectUri }))
    await page.fill('[name=username]', ana)
    await page.fill('[name=password]', password)
    await page.click('button:has-text("Sign in")')
    await page.waitForSelector('[name=decision]')
    const followed = page.waitForRequest((request) => request.url().startsWith(redirectUri))
    await page.click('button:has-text("Allow")', { noWaitAfter: true })
    await followed
    assert.deepEqual(complaints, [], redirectUri)
  }
})

// Chromium holds every redirect after a form against the page's form-action, and a client's callback may send the browser
// on to anywhere: https://vscode.dev/redirect to vscode://. The person stayed on our page, and the client had its code.
for (const [what, label, answer] of [
  ['Allow', 'Allow', 'code'],
  ['Deny', 'Deny', 'error'],
] as const) {
  test(`a client whose callback sends the browser on to another origin gets it: ${what}`, options, async () => {
    const pool = await house.pool()
    await pool.addUser({ email: ana })
    const onward = await openClientApp()
    const client = await openClientApp(onward.callback)
    try {
      const { clientId } = await (await house.idp.pool(pool.id)).createClient({
        name: 'Editor',
        clientType: 'MOBILE_APPLICATION',
        redirectUris: [client.callback],
        postLogoutRedirectUris: [client.callback],
      })
      for (const javaScriptEnabled of [true, false]) {
        const { page, complaints } = await house.window({ javaScriptEnabled })
        await page.goto(pool.start({ client_id: clientId, redirect_uri: client.callback }))
        await page.fill('[name=username]', ana)
        await page.fill('[name=password]', password)
        await page.click('button:has-text("Sign in")')
        await page.click(`button:has-text("${label}")`)
        await page.waitForURL(`${onward.callback}?*`)
        assert.ok(new URL(page.url()).searchParams.get(answer))
        assert.deepEqual(complaints, [])
        const query = new URLSearchParams({ client_id: clientId, post_logout_redirect_uri: client.callback })
        await page.goto(`${pool.issuer}/end-session?${query}`)
        await page.click('button:has-text("Sign out")')
        await page.waitForURL(onward.callback)
        assert.deepEqual(complaints, [])
      }
    } finally {
      await client.close()
      await onward.close()
    }
  })
}
