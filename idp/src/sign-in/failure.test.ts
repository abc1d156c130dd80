import assert from 'node:assert/strict'
import { Writable } from 'node:stream'
import { test } from 'node:test'
import { systemClock } from '@postern/core'
import { createLogger, createSealer } from '@postern/server'
import { createBrowser } from '../oidc/test-browser.ts'
import { openFace, openGround, publicUrl } from '../oidc/test-face.ts'
import { createPages } from './create-pages.ts'
import { submit, textOf } from './test-forms.ts'

test('what breaks ends in a page with the id of the request, and in the log', async () => {
  const lines: string[] = []
  const destination = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk))
      done()
    },
  })
  const log = createLogger({ level: 'error', name: 'test', destination })
  const ground = await openGround()
  const { directory, store } = ground
  const sealer = createSealer(new Uint8Array(32))
  const pages = createPages({ accounts: directory.accounts, sealer, clock: systemClock, log, outbox: undefined })
  const face = await openFace(ground, true, { pages })
  try {
    await directory.pools.create({ id: 'staff', name: 'Staff' })
    const redirectUris = ['https://app.example/callback']
    await directory.clients.create('staff', {
      clientId: 'app',
      name: 'App',
      clientType: 'SINGLE_PAGE_APPLICATION',
      redirectUris,
    })
    const query = new URLSearchParams({
      client_id: 'app',
      response_type: 'code',
      scope: 'openid',
      redirect_uri: redirectUris[0] ?? '',
      code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
      code_challenge_method: 'S256',
    })
    const browser = createBrowser(publicUrl, face.url)
    const first = await browser.follow(`${publicUrl}/pools/staff/auth?${query}`)
    await store.db.schema.alterTable('attempt').renameTo('elsewhere').execute()
    const visit = await submit(browser, first, { username: 'ana', password: 'Secret-1843' })
    assert.equal(visit.status, 500)
    const id = visit.headers.get('x-request-id')
    const shown = textOf(visit.text)
    assert.match(shown, /Something broke .* tell whoever runs Staff this request id\./)
    assert.ok(id && shown.includes(`Request id ${id}`))
    assert.doesNotMatch(visit.text, /attempt|sqlite|kysely| at /i)
    const logged = lines.find((line) => line.includes('a page failed')) ?? ''
    assert.ok(logged.includes(id))
    assert.doesNotMatch(logged, /Secret-1843/)
  } finally {
    await face.close()
    await ground.close()
  }
})
