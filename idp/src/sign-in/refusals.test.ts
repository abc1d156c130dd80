import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { limits } from '../limits.ts'
import type { Browser, Visit } from '../oidc/test-browser.ts'
import { stylesheet } from './look/stylesheet.ts'
import { filledForm, formsOf, linkOf, submit, textOf, titleOf } from './test-forms.ts'
import { answerOf, type House, type HousePool, openHouse, password } from './test-house.ts'

let house: House
let staff: HousePool
before(async () => {
  house = await openHouse()
  staff = await house.pool({ brand: { name: 'Staff', logoUri: 'https://logo.example/staff.svg' } })
  await staff.addUser({ email: 'ana@example.com' })
})
after(() => house.close())

const right = { username: 'ana@example.com', password }

/** A post that differs from a browser's own in some headers or in its form. */
function post(
  browser: Browser,
  url: string,
  fields: Readonly<Record<string, string>>,
  headers = {},
): Promise<Response> {
  const cookie = Object.entries(browser.cookies(url)).map(([name, value]) => `${name}=${value}`)
  return fetch(url, {
    method: 'POST',
    redirect: 'manual',
    headers: { cookie: cookie.join('; '), ...headers },
    body: new URLSearchParams(fields),
  })
}

async function atConsent(): Promise<{ browser: Browser; consent: Visit }> {
  const browser = house.browser()
  const consent = await submit(browser, await browser.follow(staff.request().url), right)
  assert.match(titleOf(consent), /^Give /)
  return { browser, consent }
}

/** The interaction still waits for the person: nothing that was refused has changed it. */
async function stillWaits(browser: Browser, consent: Visit): Promise<void> {
  const visit = await browser.follow(consent.url)
  assert.equal(visit.status, 200)
  answerOf(await submit(browser, visit, {}, 'Allow'))
}

test('consent without its token, or with one of another interaction or browser, is refused and changes nothing', async () => {
  const { browser, consent } = await atConsent()
  const other = await atConsent()
  const { action, fields } = filledForm(consent, {}, 'Allow')
  const { csrf: foreign = '' } = filledForm(other.consent, {}, 'Allow').fields
  const { csrf = '' } = fields
  for (const given of [undefined, '', 'x', foreign, `${csrf}x`, csrf.slice(0, -1)]) {
    const response = await post(browser, action, { decision: 'allow', ...(given === undefined ? {} : { csrf: given }) })
    assert.equal(response.status, 403)
    assert.equal(response.headers.get('location'), null)
    assert.match(textOf(await response.text()), /Not from this page/)
  }
  await stillWaits(browser, consent)
})

test('a form that another site posts is refused, its token be what it may', async () => {
  const { browser, consent } = await atConsent()
  const { action, fields } = filledForm(consent, {}, 'Allow')
  const rows = [
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site' },
    { origin: house.idp.url, 'sec-fetch-site': 'same-site' },
  ]
  for (const headers of rows) {
    const response = await post(browser, action, fields, headers)
    assert.equal(response.status, 403, JSON.stringify(headers))
    assert.equal(response.headers.get('connection'), 'close')
    assert.equal(response.headers.get('access-control-allow-origin'), null)
  }
  await stillWaits(browser, consent)
})

test('signing in without the token is refused, though the password be right', async () => {
  const browser = house.browser()
  const first = await browser.follow(staff.request().url)
  const response = await post(browser, first.url, right)
  assert.equal(response.status, 403)
  assert.deepEqual(response.headers.getSetCookie(), [])
})

test('the form of one interaction does not answer another, even in the same browser', async () => {
  const browser = house.browser()
  const one = await browser.follow(staff.request().url)
  const two = await browser.follow(staff.request({ state: 'two' }).url)
  const { csrf = '' } = formsOf(one)[0]?.fields ?? {}
  const visit = await browser.follow(two.url, { ...right, csrf })
  assert.equal(visit.status, 403)
})

test('an interaction of another browser: over, and without any cookie the page says that cookies are needed', async () => {
  const first = await house.browser().follow(staff.request().url)
  const { csrf = '' } = formsOf(first)[0]?.fields ?? {}
  const stranger = house.browser()
  for (const visit of [await stranger.go(first.url), await stranger.go(first.url, { ...right, csrf })]) {
    assert.equal(visit.status, 400)
    assert.match(textOf(visit.text), /Cookies are needed .* Allow cookies for localhost:\d+/)
  }
  await stranger.follow(staff.request().url)
  stranger.put('postern-other', 'x', '/')
  const visit = await stranger.go(first.url, { ...right, csrf })
  assert.equal(visit.status, 410)
  assert.match(textOf(visit.text), /This page is over .* start again/)
})

test('an interaction of one pool is none of another', async () => {
  const guests = await house.pool()
  await guests.addUser({ email: 'ana@example.com' })
  const browser = house.browser()
  const first = await browser.follow(staff.request().url)
  const there = await browser.follow(guests.request().url)
  const { csrf = '' } = formsOf(first)[0]?.fields ?? {}
  assert.equal((await browser.go(there.url, { ...right, csrf })).status, 403)
  const url = first.url.replace(staff.pool.issuer, guests.pool.issuer)
  for (const [name, value] of Object.entries(browser.cookies(first.url))) {
    browser.put(name, value, '/')
    browser.put(name.replace(staff.pool.id, guests.pool.id), value, '/')
  }
  assert.equal((await browser.go(url)).status, 410)
  assert.equal((await browser.go(url, { ...right, csrf })).status, 410)
})

test('what was answered is over: going back and posting again does nothing', async () => {
  const { browser, consent } = await atConsent()
  const { action, fields } = filledForm(consent, {}, 'Allow')
  answerOf(await browser.follow(action, fields))
  const again = await browser.follow(action, fields)
  assert.equal(again.status, 410)
  assert.match(textOf(again.text), /This page is over/)
})

test('only the button that allows gives anything away', async () => {
  for (const decision of [undefined, '', 'deny', 'ALLOW', 'yes']) {
    const { browser, consent } = await atConsent()
    const { action, fields } = filledForm(consent, {})
    const { decision: _, ...others } = fields
    const visit = await browser.follow(action, { ...others, ...(decision === undefined ? {} : { decision }) })
    assert.equal(answerOf(visit).get('error'), 'access_denied')
  }
})

test('pages of an interaction that waits for something else lead to its first one', async () => {
  const browser = house.browser()
  const first = await browser.follow(staff.request().url)
  const { csrf = '' } = formsOf(first)[0]?.fields ?? {}
  const consent = await browser.go(`${first.url}/consent`, { csrf, decision: 'allow' })
  assert.equal(consent.location, first.url)
  assert.equal((await browser.go(`${first.url}/consent`)).location, first.url)
  const later = await atConsent()
  const { csrf: token = '' } = formsOf(later.consent)[0]?.fields ?? {}
  for (const name of ['', '/sign-up', '/confirm', '/new-password', '/recover', '/reset', '/cancel']) {
    const visit = await later.browser.go(later.consent.url + name, { csrf: token, ...right })
    assert.equal(visit.location, later.consent.url, name)
  }
})

test('a step is not reached but through the one before', async () => {
  const browser = house.browser()
  const first = await browser.follow(staff.request().url)
  const { csrf = '' } = formsOf(first)[0]?.fields ?? {}
  const fields = { csrf, code: '000000', new_password: 'Engine-No-2', resend: 'yes' }
  for (const name of ['confirm', 'new-password', 'reset']) {
    for (const visit of [await browser.go(`${first.url}/${name}`), await browser.go(`${first.url}/${name}`, fields)]) {
      assert.equal(visit.status, 400, name)
      assert.match(textOf(visit.text), /This step has expired/)
      assert.equal(linkOf(visit, 'Sign in'), first.url)
    }
  }
})

test('the step of one interaction is not good for another', async () => {
  await staff.addUser({ email: 'new@example.com', status: 'FORCE_CHANGE_PASSWORD' })
  const browser = house.browser()
  const one = await browser.follow(staff.request().url)
  const change = await submit(browser, one, { username: 'new@example.com', password })
  const step = browser.cookies(change.url)[`postern-${staff.pool.id}-step`]
  assert.ok(step)
  const two = await browser.follow(staff.request().url)
  browser.put(`postern-${staff.pool.id}-step`, step, '/')
  assert.equal((await browser.go(`${two.url}/new-password`)).status, 400)
  assert.equal((await browser.go(change.url)).status, 200)
})

test('every page says exactly what a browser may do with it', async () => {
  const { browser, consent } = await atConsent()
  const first = await house.browser().follow(staff.request().url)
  const wrong = await submit(browser, await browser.follow(staff.request({ prompt: 'login' }).url), {
    ...right,
    password: 'x',
  })
  const policy = [
    "default-src 'none'",
    "style-src 'self'",
    'img-src https://logo.example/staff.svg',
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ]
  for (const { headers, status } of [first, consent, wrong]) {
    assert.equal(headers.get('content-security-policy'), policy.join('; '), String(status))
    assert.equal(headers.get('x-frame-options'), 'DENY')
    assert.equal(headers.get('x-content-type-options'), 'nosniff')
    assert.equal(headers.get('referrer-policy'), 'same-origin')
    assert.equal(headers.get('cache-control'), 'no-store')
    assert.equal(headers.get('content-type'), 'text/html; charset=utf-8')
    assert.match(headers.get('x-request-id') ?? '', /./)
  }
  const gone = await house.browser().go(first.url)
  assert.match(gone.headers.get('content-security-policy') ?? '', /form-action 'none'; .*frame-ancestors 'none'$/)
  assert.equal(gone.headers.get('cross-origin-opener-policy'), 'same-origin')
})

test('no page is shown in a frame, whoever answers it: errors, devices, signing out, refusals, pools that are not there', async () => {
  const browser = house.browser()
  await submit(browser, await browser.follow(staff.request().url), right)
  for (const [url, status, hasForm] of [
    [staff.request({ redirect_uri: 'https://evil.example/' }).url, 400, false],
    [`${staff.pool.issuer}/device`, 200, true],
    [`${staff.pool.issuer}/end-session`, 200, true],
    [`${staff.pool.issuer}/end-session/success`, 200, false],
    [`${staff.pool.issuer}/sign-in/gone`, 410, false],
    [`${staff.pool.issuer}/nothing`, 404, false],
    [`${house.idp.url}/pools/nobody/auth`, 404, false],
  ] as const) {
    const visit = await browser.go(url)
    assert.equal(visit.status, status, url)
    const policy = visit.headers.get('content-security-policy') ?? ''
    assert.match(policy, /^default-src 'none'; style-src 'self'; .*frame-ancestors 'none'$/, url)
    assert.ok(policy.includes(`form-action ${hasForm ? "'self'" : "'none'"};`), url)
    assert.equal(visit.headers.get('x-frame-options'), 'DENY', url)
    assert.equal(visit.headers.get('cache-control'), 'no-store', url)
  }
})

test('HEAD tells what GET would; other methods and paths are refused with a page', async () => {
  const browser = house.browser()
  const first = await browser.follow(staff.request().url)
  const cookies = Object.entries(browser.cookies(first.url)).map(([name, value]) => `${name}=${value}`)
  const cookie = cookies.join('; ')
  const head = await fetch(first.url, { method: 'HEAD', headers: { cookie } })
  assert.equal(head.status, 200)
  assert.equal(head.headers.get('content-length'), String(Buffer.byteLength(first.text)))
  for (const [method, path, allow] of [
    ['PUT', '', 'GET, HEAD, POST'],
    ['DELETE', '/consent', 'GET, HEAD, POST'],
    ['GET', '/cancel', 'POST'],
    ['OPTIONS', '', 'GET, HEAD, POST'],
  ] as const) {
    const response = await fetch(first.url + path, { method, headers: { cookie } })
    assert.equal(response.status, 405)
    assert.equal(response.headers.get('allow'), allow)
    assert.match(await response.text(), /<main class="narrow">/)
  }
  for (const path of ['/', '/nothing', '/consent/', '/constructor']) {
    assert.equal((await browser.go(first.url + path)).status, 404, path)
  }
  assert.equal((await browser.go(`${staff.pool.issuer}/sign-in`)).status, 404)
})

test('what is no form, or a too large one, is refused before anybody is looked for', async () => {
  const browser = house.browser()
  const first = await browser.follow(staff.request().url)
  const { csrf = '' } = formsOf(first)[0]?.fields ?? {}
  const cookies = Object.entries(browser.cookies(first.url)).map(([name, value]) => `${name}=${value}`)
  const send = (body: string, type = 'application/x-www-form-urlencoded') =>
    fetch(first.url, { method: 'POST', body, headers: { cookie: cookies.join('; '), 'content-type': type } })
  const rows = [
    [await send(JSON.stringify({ csrf, ...right }), 'application/json'), 400],
    [await send(`csrf=${csrf}&password=${'x'.repeat(limits.tokenRequestBytes)}`), 413],
    [await send(`csrf=${csrf}&username=a&username=b`), 400],
    [await send(`csrf=${csrf}&${'a=&'.repeat(limits.tokenRequestParameters)}`), 400],
  ] as const
  for (const [response, status] of rows) {
    assert.equal(response.status, status)
    assert.match(textOf(await response.text()), /The form cannot be read/)
  }
})

test('the style sheet is served for ever, under the name of its content alone', async () => {
  const { issuer } = staff.pool
  const response = await fetch(issuer + stylesheet.path)
  assert.equal(response.status, 200)
  assert.equal(response.headers.get('content-type'), 'text/css; charset=utf-8')
  assert.equal(response.headers.get('cache-control'), 'public, max-age=31536000, immutable')
  assert.equal(response.headers.get('x-content-type-options'), 'nosniff')
  assert.equal(await response.text(), stylesheet.text)
  assert.equal((await fetch(`${issuer}/assets/style.css`)).status, 404)
  const posted = await fetch(issuer + stylesheet.path, { method: 'POST', body: 'x' })
  assert.equal(posted.status, 405)
  assert.equal(posted.headers.get('allow'), 'GET, HEAD')
})

test('the language of a refusal is that of the browser', async () => {
  const response = await fetch(`${staff.pool.issuer}/sign-in/nobody`, { headers: { 'accept-language': 'zh-CN' } })
  assert.equal(response.status, 400)
  const text = await response.text()
  assert.match(text, /<html lang="zh-CN">/)
  assert.match(text, /需要启用 Cookie/)
})
