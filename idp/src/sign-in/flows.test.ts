import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { filledForm, formsOf, linkOf, submit, textOf, titleOf } from './test-forms.ts'
import { answerOf, callback, type House, mcp, openHouse, password } from './test-house.ts'

let house: House
before(async () => {
  house = await openHouse()
})
after(() => house.close())

test('sign-up, the code from the outbox, consent, and a token', async () => {
  const { pool, request, redeem, codeFor } = await house.pool()
  const browser = house.browser()
  const { url, verifier } = request({ scope: 'openid read', resource: mcp })
  const first = await browser.follow(url)
  assert.equal(titleOf(first), `Sign in · ${titleOf(first).split(' · ')[1]}`)
  const signUp = await browser.follow(linkOf(first, 'Create an account'))
  const confirm = await submit(browser, signUp, { email: 'Ana@Example.com', password })
  assert.match(textOf(confirm.text), /We sent a code to Ana@Example\.com\./)
  assert.doesNotMatch(confirm.url, /ana|example/i)
  const consent = await submit(browser, confirm, { code: await codeFor('Ana@Example.com') })
  const shown = textOf(consent.text)
  assert.match(shown, /Give Notes <b>app<\/b> access\?/)
  assert.match(shown, /as Ana@Example\.com\./)
  assert.match(shown, /Your answer goes to app\.example /)
  assert.match(shown, /Access to Everyday tools https:\/\/mcp\.example\/mcp /)
  assert.match(shown, /Read things read /)
  const back = await submit(browser, consent, {}, 'Allow')
  const answer = answerOf(back)
  assert.equal(answer.get('iss'), pool.issuer)
  assert.equal(answer.get('state'), 'abc')
  const tokens = await redeem(answer.get('code') ?? '', verifier)
  assert.equal(tokens.status, 200)
})

test('the second time nobody is asked anything', async () => {
  const { addUser, request } = await house.pool()
  await addUser({ email: 'ana@example.com' })
  const browser = house.browser()
  const first = await browser.follow(request().url)
  const consent = await submit(browser, first, { username: 'ana@example.com', password })
  answerOf(await submit(browser, consent, {}, 'Allow'))
  assert.ok(answerOf(await browser.follow(request().url)).get('code'))
})

test('a client that asks to sign in once more finds the name filled in', async () => {
  const { addUser, request } = await house.pool()
  await addUser({ email: 'ana@example.com' })
  const browser = house.browser()
  const consent = await submit(browser, await browser.follow(request().url), { username: 'ana@example.com', password })
  answerOf(await submit(browser, consent, {}, 'Allow'))
  const again = await browser.follow(request({ prompt: 'login' }).url)
  assert.equal(formsOf(again)[0]?.fields['username'], 'ana@example.com')
  assert.ok(answerOf(await submit(browser, again, { password })).get('code'))
})

// Chromium holds every redirect after a form against the page's form-action, and where a client's callback redirects on
// to is nobody's to know: so no form is answered with a redirect that leaves this origin.
test('a form ends on a page of ours, which goes on by itself to where the client is answered', async () => {
  const { addUser, request, pool } = await house.pool()
  await addUser({ email: 'ana@example.com' })
  const browser = house.browser()
  const first = await browser.follow(request().url)
  const { action, fields } = filledForm(first, { username: 'ana@example.com', password })
  const signedIn = await browser.go(action, fields)
  const consent = await browser.follow(signedIn.location ?? '')
  const allow = filledForm(consent, {}, 'Allow')
  const allowed = await browser.go(allow.action, allow.fields)
  for (const visit of [signedIn, allowed]) {
    assert.equal(visit.status, 200)
    assert.equal(visit.headers.get('location'), null)
    assert.match(visit.location ?? '', new RegExp(`^${pool.issuer}/auth/[\\w-]+$`))
    assert.equal(linkOf(visit, 'Continue'), visit.location)
    assert.equal(titleOf(visit).split(' · ')[0], 'One moment')
    assert.match(visit.headers.get('content-security-policy') ?? '', /^default-src 'none'; .*form-action 'none';/)
    assert.equal(visit.headers.get('cache-control'), 'no-store')
    assert.equal(visit.headers.get('cross-origin-opener-policy'), null)
    assert.doesNotMatch(visit.text, /code=|app\.example/)
  }
  const resumed = await browser.go(allowed.location ?? '')
  assert.equal(resumed.status, 303)
  assert.ok(answerOf(resumed).get('code'))
})

test('signing out ends on a page of ours, which goes on by itself to the client', async () => {
  const { addUser, request, pool } = await house.pool()
  await addUser({ email: 'ana@example.com' })
  for (const [clientType, goodbye] of [
    ['WEB_APPLICATION', 'https://app.example/goodbye?a=1'],
    ['MOBILE_APPLICATION', 'com.example.app:/goodbye'],
  ] as const) {
    const { clientId } = await pool.createClient({
      name: 'Leaving',
      clientType,
      redirectUris: [callback],
      postLogoutRedirectUris: [goodbye],
    })
    const browser = house.browser()
    const first = await browser.follow(request({ client_id: clientId }).url)
    await submit(browser, first, { username: 'ana@example.com', password })
    const query = new URLSearchParams({ client_id: clientId, post_logout_redirect_uri: goodbye, state: 'a&b' })
    const question = await browser.go(`${pool.issuer}/end-session?${query}`)
    assert.match(question.headers.get('content-security-policy') ?? '', /; form-action 'self';/)
    const { action, fields } = filledForm(question, {}, 'Sign out')
    const done = await browser.go(action, fields)
    assert.equal(done.status, 200)
    assert.equal(done.headers.get('location'), null)
    const to = new URL(done.location ?? '')
    assert.equal(to.searchParams.get('state'), 'a&b')
    assert.ok(to.href.startsWith(goodbye))
    assert.equal(linkOf(done, 'Continue'), to.href)
    const again = await browser.go(`${pool.issuer}/end-session?${query}`)
    assert.equal(again.status, 303)
  }
})

test('deny', async () => {
  const { addUser, request, pool } = await house.pool()
  await addUser({ email: 'ana@example.com' })
  const browser = house.browser()
  const first = await browser.follow(request().url)
  const consent = await submit(browser, first, { username: 'ana@example.com', password })
  const answer = answerOf(await submit(browser, consent, {}, 'Deny'))
  assert.equal(answer.get('error'), 'access_denied')
  assert.equal(answer.get('iss'), pool.issuer)
  assert.equal(answer.get('code'), null)
})

test('going back instead of signing in', async () => {
  const { request } = await house.pool()
  const browser = house.browser()
  const first = await browser.follow(request().url)
  const answer = answerOf(await submit(browser, first, {}, 'Cancel and go back to the app'))
  assert.equal(answer.get('error'), 'access_denied')
})

test('a wrong password and a name that nobody has are answered alike, and the name stays in the form', async () => {
  const { addUser, request } = await house.pool()
  await addUser({ email: 'ana@example.com' })
  const browser = house.browser()
  const first = await browser.follow(request().url)
  const answers = []
  for (const username of ['ana@example.com', 'bob@example.com']) {
    const visit = await submit(browser, first, { username, password: 'Wrong-1234' })
    assert.equal(visit.status, 400)
    assert.match(visit.text, /<div class="note alert" role="alert"><p>That name and password do not match/)
    assert.match(titleOf(visit), /^Error: Sign in/)
    const [form] = formsOf(visit)
    assert.equal(form?.fields['username'], username)
    assert.equal(form?.fields['password'], '')
    answers.push(visit.text.replaceAll(username, ''))
  }
  assert.equal(answers[0], answers[1])
  const again = await submit(browser, first, { username: ' ANA@example.com ', password })
  assert.match(titleOf(again), /^Give /)
})

test('after too many tries there is a wait, in words and in seconds', async () => {
  const { request } = await house.pool()
  const browser = house.browser()
  const first = await browser.follow(request().url)
  let visit = first
  for (let tries = 0; tries < 20 && visit.status !== 429; tries += 1) {
    visit = await submit(browser, first, { username: 'ana@example.com', password: 'Wrong-1234' })
  }
  assert.equal(visit.status, 429)
  const seconds = visit.headers.get('retry-after')
  assert.match(seconds ?? '', /^[1-9]\d*$/)
  assert.ok(textOf(visit.text).includes(`Too many tries. Wait ${seconds} s, then try again.`))
})

test('a password that was given has to be changed first', async () => {
  const { addUser, request } = await house.pool()
  await addUser({ email: 'ana@example.com', status: 'FORCE_CHANGE_PASSWORD' })
  const browser = house.browser()
  const first = await browser.follow(request().url)
  const change = await submit(browser, first, { username: 'ana@example.com', password })
  assert.match(titleOf(change), /^Choose a new password/)
  const weak = await submit(browser, change, { new_password: 'weak' })
  assert.equal(weak.status, 400)
  assert.match(textOf(weak.text), /Choose a stronger password\. At least 8 characters/)
  const consent = await submit(browser, weak, { new_password: 'Engine-No-2' })
  assert.match(titleOf(consent), /^Give /)
  assert.equal((await browser.go(change.url)).status, 410)
  const old = house.browser()
  const wrong = await submit(old, await old.follow(request().url), { username: 'ana@example.com', password })
  assert.equal(wrong.status, 400)
})

test('recovery: a code, a new password, and in', async () => {
  const { addUser, request, codeFor } = await house.pool()
  await addUser({ email: 'ana@example.com', emailVerified: true })
  const browser = house.browser()
  const first = await browser.follow(request().url)
  const recover = await browser.follow(linkOf(first, 'Forgot password?'))
  const reset = await submit(browser, recover, { username: 'ana@example.com' })
  const code = await codeFor('ana@example.com')
  const wrong = await submit(browser, reset, { code: '000000', new_password: 'Engine-No-2' })
  assert.equal(wrong.status, 400)
  assert.match(textOf(wrong.text), /This code is wrong or has expired\./)
  const weak = await submit(browser, reset, { code, new_password: 'weak' })
  assert.equal(weak.status, 400)
  assert.match(textOf(weak.text), /Choose a stronger password\./)
  const consent = await submit(browser, weak, { code, new_password: 'Engine-No-2' })
  assert.match(titleOf(consent), /^Give /)
})

test('recovery and sign-up say the same about people who are there and who are not', async () => {
  const { addUser, request } = await house.pool()
  await addUser({ email: 'ana@example.com', emailVerified: true })
  const pages = async (email: string): Promise<string[]> => {
    const browser = house.browser()
    const first = await browser.follow(request().url)
    const recover = await browser.follow(linkOf(first, 'Forgot password?'))
    const reset = await submit(browser, recover, { username: email })
    const signUp = await browser.follow(linkOf(first, 'Create an account'))
    const name = `x${email}`
    const confirm = await submit(browser, signUp, { email: name, password })
    const wrong = await submit(browser, confirm, { code: '000000' })
    return [reset, confirm, wrong].map((visit) => {
      const neutral = visit.text
        .replace(/value="[\w-]{20,}"|sign-in\/[\w-]+/g, '')
        .replaceAll(name, '')
        .replaceAll(email, '')
      return `${visit.status} ${neutral}`
    })
  }
  await addUser({ email: 'xana@example.com' })
  assert.deepEqual(await pages('ana@example.com'), await pages('bob@example.com'))
})

test('an unconfirmed person who signs in is asked for the code, and can have another one', async () => {
  const { request, codeFor } = await house.pool()
  const browser = house.browser()
  const signUp = await browser.follow(linkOf(await browser.follow(request().url), 'Create an account'))
  await submit(browser, signUp, { email: 'ana@example.com', password })
  const later = house.browser()
  const confirm = await submit(later, await later.follow(request().url), { username: 'ana@example.com', password })
  assert.match(titleOf(confirm), /^Enter your code/)
  const again = await submit(later, confirm, {}, 'Send another code')
  assert.ok(again.status === 200 || again.status === 429)
  const consent = await submit(later, confirm, { code: await codeFor('ana@example.com') })
  assert.match(titleOf(consent), /^Give /)
})

test('with automatic verification sign-up ends in consent', async () => {
  const { request } = await house.pool({
    signInAttributes: ['preferred_username'],
    signUpAutoVerificationEnabled: true,
  })
  const browser = house.browser()
  const signUp = await browser.follow(linkOf(await browser.follow(request().url), 'Create an account'))
  const bad = await submit(browser, signUp, { preferred_username: 'a b', password: 'weak' })
  assert.equal(bad.status, 400)
  assert.match(bad.text, /id="preferred_username-problem"/)
  assert.match(bad.text, /id="password-problem"/)
  const consent = await submit(browser, bad, { preferred_username: 'ana', password })
  assert.match(titleOf(consent), /^Give /)
  assert.match(textOf(consent.text), / as ana\./)
})

test('where accounts are known by name alone, sign-up asks for an address besides', async () => {
  const { request, codeFor } = await house.pool({ signInAttributes: ['preferred_username'] })
  const browser = house.browser()
  const signUp = await browser.follow(linkOf(await browser.follow(request().url), 'Create an account'))
  const confirm = await submit(browser, signUp, { preferred_username: 'ana', email: 'ana@example.com', password })
  assert.match(textOf(confirm.text), /a code to ana@example\.com\./)
  const consent = await submit(browser, confirm, { code: await codeFor('ana@example.com') })
  assert.match(textOf(consent.text), / as ana\./)
})

test('of several names one is enough, and where the code can go has to be among them', async () => {
  const { request } = await house.pool({ signInAttributes: ['preferred_username', 'email', 'phone_number'] })
  const browser = house.browser()
  const signUp = await browser.follow(linkOf(await browser.follow(request().url), 'Create an account'))
  const shown = textOf(signUp.text)
  assert.match(shown, /Fill in at least one of these: email or phone number\./)
  assert.match(shown, /Username \(optional\) Email \(optional\) Phone number \(optional\)/)
  const bad = await submit(browser, signUp, { preferred_username: 'ana', password })
  assert.equal(bad.status, 400)
  assert.match(bad.text, /id="email-problem">Fill this in\./)
  assert.equal(formsOf(bad)[0]?.fields['preferred_username'], 'ana')
  const confirm = await submit(browser, bad, { preferred_username: 'ana', email: 'ana@example.com', password })
  assert.match(titleOf(confirm), /^Enter your code/)
})

test('a second code right after the first has to wait, and so does the page that asks for it', async () => {
  const { request } = await house.pool()
  const browser = house.browser()
  const recover = await browser.follow(linkOf(await browser.follow(request().url), 'Forgot password?'))
  const empty = await submit(browser, recover, { username: ' ' })
  assert.equal(empty.status, 400)
  assert.match(empty.text, /id="username-problem">Fill this in\./)
  await submit(browser, recover, { username: 'ana@example.com' })
  const again = await submit(browser, recover, { username: 'ana@example.com' })
  assert.equal(again.status, 429)
  assert.match(again.headers.get('retry-after') ?? '', /^\d+$/)
  assert.match(textOf(again.text), /Too many tries\. Wait \d+ s/)
})

test('a phone number may be typed as people write it', async () => {
  const { request, codeFor } = await house.pool({ signInAttributes: ['phone_number'] })
  const browser = house.browser()
  const signUp = await browser.follow(linkOf(await browser.follow(request().url), 'Create an account'))
  const confirm = await submit(browser, signUp, { phone_number: '+44 (20) 7946-0123', password })
  const consent = await submit(browser, confirm, { code: await codeFor('+442079460123') })
  assert.match(titleOf(consent), /^Give /)
})

test('what the pool does not offer is neither linked nor answered', async () => {
  const { request } = await house.pool({ selfSignUpEnabled: false, selfAccountRecoveryEnabled: false })
  const browser = house.browser()
  const first = await browser.follow(request().url)
  assert.doesNotMatch(first.text, /sign-up|recover/)
  for (const name of ['sign-up', 'recover']) {
    const visit = await browser.follow(`${first.url}/${name}`)
    assert.equal(visit.status, 403)
    assert.match(textOf(visit.text), /Ask whoever runs Staff/)
  }
  const { csrf = '' } = formsOf(first)[0]?.fields ?? {}
  const posted = await browser.follow(`${first.url}/sign-up`, { csrf, email: 'ana@example.com', password })
  assert.equal(posted.status, 403)
})

test('a hint fills in the name, and the pages speak the language that is asked for', async () => {
  const { request, clientId } = await house.pool({ brand: { name: '灯塔' } })
  assert.ok(clientId)
  const browser = house.browser()
  const { url } = request({ login_hint: 'ana@example.com', ui_locales: 'fr zh-CN' })
  const first = await browser.follow(url)
  assert.equal(titleOf(first), '登录 · 灯塔')
  assert.match(first.text, /<html lang="zh-CN">/)
  assert.equal(formsOf(first)[0]?.fields['username'], 'ana@example.com')
})

test('the answer to a client never goes anywhere but to its own address', async () => {
  const { request } = await house.pool()
  const visit = await house.browser().follow(request({ redirect_uri: `${callback}/other` }).url)
  assert.equal(visit.status, 400)
  assert.equal(visit.location, undefined)
  const shown = textOf(visit.text)
  assert.match(shown, /This does not work/)
  assert.ok(shown.includes(`What was sent ${callback}/other What was expected ${callback} `), shown)
})
