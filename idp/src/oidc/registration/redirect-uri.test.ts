import assert from 'node:assert/strict'
import { test } from 'node:test'
import { applicationTypeOf, checkRedirectUri, type RedirectKind } from './redirect-uri.ts'

test('what clients of today redirect to', () => {
  const table: readonly (readonly [string, RedirectKind])[] = [
    ['https://app.example/callback', 'web'],
    ['https://app.example:8443/cb?tenant=1', 'web'],
    ['https://vscode.dev/redirect', 'web'],
    ['https://claude.ai/api/mcp/auth_callback', 'web'],
    ['https://localhost:8443/cb', 'web'],
    ['http://127.0.0.1:33418/', 'loopback'],
    ['http://127.0.0.1/', 'loopback'],
    ['http://127.0.0.1', 'loopback'],
    ['http://localhost:6274/oauth/callback/debug', 'loopback'],
    ['http://localhost/callback', 'loopback'],
    ['http://[::1]:8080/callback', 'loopback'],
    ['http://app.localhost:3000/cb', 'loopback'],
    ['http://localhost:80/cb', 'loopback'],
    ['cursor://anysphere.cursor-mcp/oauth/callback', 'private'],
    ['vscode://vscode.github-authentication/did-authenticate', 'private'],
    ['com.example.app:/oauth2redirect', 'private'],
  ]
  for (const [uri, kind] of table) assert.deepEqual(checkRedirectUri(uri), { ok: true, kind }, uri)
})

test('what is refused, and how to mend it', () => {
  const table: readonly (readonly [string, RegExp])[] = [
    ['http://evil.example/cb', /^use https:\/\/; http:\/\/ is for localhost/],
    ['http://localhost.evil.example/cb', /^use https:\/\//],
    ['http://127.0.0.1.evil.example/cb', /^use https:\/\//],
    ['http://10.0.0.1/cb', /^use https:\/\//],
    ['http://0.0.0.0:8080/cb', /^use https:\/\//],
    ['https://app.example/cb#here', /"#"/],
    ['https://app.example/cb#', /"#"/],
    ['com.example.app:/cb#x', /"#"/],
    ['https://*.example/cb', /wildcards/],
    ['https://app.example/*', /wildcards/],
    ['http://localhost:*/cb', /wildcards/],
    ['https://user@app.example/cb', /user name/],
    ['https://app.example@evil.example/cb', /user name/],
    ['http://localhost:80@evil.example/cb', /user name/],
    ['javascript:alert(1)', /scheme of your own/],
    ['JavaScript://localhost/%0aalert(1)', /scheme of your own/],
    ['data:text/html,hello', /scheme of your own/],
    ['vbscript:msgbox', /scheme of your own/],
    ['file:///etc/passwd', /scheme of your own/],
    ['blob:https://app.example/1', /scheme of your own/],
    ['ms-msdt:/id', /scheme of your own/],
    ['search-ms:query=x', /scheme of your own/],
    ['chrome-extension://abc/cb', /scheme of your own/],
    ['ws://app.example/', /scheme of your own/],
    ['http://127.1/cb', /usual form/],
    ['http://0x7f000001/cb', /usual form/],
    ['http://2130706433/cb', /usual form/],
    ['https:app.example/cb', /usual form/],
    ['https:/app.example/cb', /usual form/],
    ['https:///app.example/cb', /usual form/],
    ['https://app%2eexample/cb', /usual form/],
    ['https://app.example\\@evil.example/cb', /absolute URI/],
    ['https://app.example/c b', /absolute URI/],
    [' https://app.example/cb', /absolute URI/],
    ['https://app.example/cb\n', /absolute URI/],
    ['https://app.example/ü', /absolute URI/],
    ['https://\u0430pp.example/cb', /absolute URI/],
    ['https://app.example:99999/cb', /absolute URI/],
    ['/callback', /absolute URI/],
    ['//app.example/cb', /absolute URI/],
    ['app.example/cb', /absolute URI/],
    ['com.example.app:', /absolute URI/],
    ['', /absolute URI/],
    [`https://app.example/${'x'.repeat(2048)}`, /at most 2048/],
  ]
  for (const [uri, message] of table) {
    const checked = checkRedirectUri(uri)
    assert.ok(!checked.ok, uri)
    assert.match(checked.message, message, uri)
  }
})

test('one redirect to a device makes an application native', () => {
  assert.equal(applicationTypeOf(['https://a.example/cb', 'https://b.example/cb']), 'web')
  assert.equal(applicationTypeOf(['https://vscode.dev/redirect', 'http://127.0.0.1/']), 'native')
  assert.equal(applicationTypeOf(['https://www.cursor.com/cb', 'cursor://x/cb']), 'native')
})
