import assert from 'node:assert/strict'
import { test } from 'node:test'
import { documentUrlProblem } from './document-url.ts'

test('URLs of documents', () => {
  for (const url of [
    'https://claude.ai/oauth/claude-code-client-metadata',
    'https://vscode.dev/oauth/client-metadata.json',
    'https://app.example:8443/client.json',
    'https://app.example/a/b/',
  ]) {
    assert.equal(documentUrlProblem(url, false), undefined, url)
  }
})

test('what is refused, and how to mend it', () => {
  const table: readonly (readonly [string, RegExp])[] = [
    ['https://app.example', /path/],
    ['https://app.example/', /path/],
    ['https://app.example/client.json#x', /"#"/],
    ['https://app.example/client.json?v=1', /"\?"/],
    ['https://app.example/client.json?', /"\?"/],
    ['https://user:pass@app.example/client.json', /user name/],
    ['https://app.example/a/../client.json', /normal form/],
    ['https://app.example/./client.json', /normal form/],
    ['https://app.example/%2e%2e/client.json', /normal form/],
    ['https://APP.example/client.json', /normal form/],
    ['https://app.example:443/client.json', /normal form/],
    ['https:\\\\app.example\\client.json', /normal form/],
    ['https://app.example\\client.json', /normal form/],
    ['https://2130706433/client.json', /normal form/],
    ['https://app.example/client .json', /no URL/],
    ['https://app.example/ü.json', /no URL/],
    ['https://', /no URL/],
    ['http://app.example/client.json', /^use https/],
    ['http://localhost:3000/client.json', /POSTERN_ALLOW_LOOPBACK_CLIENT_DOCUMENTS=true/],
    ['https://localhost/client.json', /POSTERN_ALLOW_LOOPBACK_CLIENT_DOCUMENTS=true/],
    ['https://127.0.0.1/client.json', /POSTERN_ALLOW_LOOPBACK_CLIENT_DOCUMENTS=true/],
    [`https://app.example/${'x'.repeat(512)}`, /at most 512/],
  ]
  for (const [url, message] of table) assert.match(documentUrlProblem(url, false) ?? '', message, url)
})

test('with the switch, loopback and nothing more', () => {
  for (const url of [
    'http://localhost:3000/client.json',
    'http://127.0.0.1:1/c',
    'https://[::1]/c',
    'http://a.localhost/c',
  ]) {
    assert.equal(documentUrlProblem(url, true), undefined, url)
  }
  assert.match(documentUrlProblem('http://app.example/client.json', true) ?? '', /^use https/)
  assert.match(documentUrlProblem('http://10.0.0.1/client.json', true) ?? '', /^use https/)
  assert.match(documentUrlProblem('http://localhost:3000/', true) ?? '', /path/)
})
