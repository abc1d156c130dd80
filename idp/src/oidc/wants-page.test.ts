import assert from 'node:assert/strict'
import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { test } from 'node:test'
import { wantsPage } from './wants-page.ts'

function asks(accept: string | undefined, method = 'GET', path = '/auth'): boolean {
  const headers = accept === undefined ? {} : { accept }
  return wantsPage(Object.assign(new IncomingMessage(new Socket()), { method, headers }), path)
}

test('a browser that goes somewhere gets a page', () => {
  for (const accept of [
    'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
    'text/html',
    'TEXT/HTML;charset=utf-8 ; Q=0.9, application/json;q=0.8',
    'text/*, */*',
    'application/json;q=0, */*',
  ]) {
    assert.equal(asks(accept), true, accept)
    assert.equal(asks(accept, 'HEAD'), true, accept)
  }
})

test('programs get JSON: what takes anything, prefers JSON, or says nothing', () => {
  for (const accept of [
    undefined,
    '',
    '*/*',
    'application/json',
    'application/json, text/html',
    'application/json, text/plain, */*',
    'text/html;q=0',
    'text/html;q=0.5, application/*',
    `${' '.repeat(1000)}text/html`,
  ]) {
    assert.equal(asks(accept), false, String(accept))
  }
})

test('what is posted gets a page only where people send forms', () => {
  for (const path of ['/auth', '/device', '/end-session', '/end-session/confirm']) {
    assert.equal(asks('text/html', 'POST', path), true, path)
  }
  for (const path of ['/token', '/reg', '/revoke', '/device_authorization', '']) {
    assert.equal(asks('text/html', 'POST', path), false, path)
  }
  assert.equal(asks('text/html', 'DELETE', '/token'), false)
})
