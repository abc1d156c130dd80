import assert from 'node:assert/strict'
import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { test } from 'node:test'
import { createTestClock } from '@postern/core/testing'
import { createSealer } from '@postern/server'
import { createSteps, type Step } from './step-cookie.ts'

const clock = createTestClock()
const sealer = createSealer(new Uint8Array(32).fill(5))
const stepsOf = (poolId: string, origin = 'http://localhost:4700') =>
  createSteps({ poolId, issuer: `${origin}/pools/${poolId}`, sealer, clock })

const step: Step = { kind: 'new-password', userId: 'ana', isRemembered: true }

function request(cookie?: string): IncomingMessage {
  const headers = cookie === undefined ? {} : { cookie }
  return Object.assign(new IncomingMessage(new Socket()), { headers })
}

function written(write: (res: ServerResponse) => void): string {
  const res = new ServerResponse(request())
  write(res)
  return String(res.getHeader('set-cookie'))
}

const cookieOf = (header: string): string => header.slice(0, header.indexOf(';'))

test('a step is read again by its own interaction, as the kind that it is', () => {
  const header = written((res) => stepsOf('staff').write(res, 'uid-1', step))
  const req = request(`a=b; ${cookieOf(header)}; c`)
  assert.deepEqual(stepsOf('staff').read(req, 'uid-1', 'new-password'), step)
  assert.equal(stepsOf('staff').read(req, 'uid-1', 'confirm'), undefined)
})

test('its cookie is sent to its interaction alone, never to scripts, and over https only where we are on https', () => {
  const header = written((res) => stepsOf('staff').write(res, 'uid-1', step))
  assert.match(
    header,
    /^postern-staff-step=v1\.[A-Za-z0-9_-]+; path=\/pools\/staff\/sign-in\/uid-1; max-age=1800; samesite=lax; httponly$/,
  )
  assert.doesNotMatch(header, /ana/)
  assert.match(
    written((res) => stepsOf('staff', 'https://idp.example').write(res, 'uid-1', step)),
    /; secure; httponly$/,
  )
})

test('another interaction, another pool, a changed or old cookie give nothing', () => {
  const header = cookieOf(written((res) => stepsOf('staff').write(res, 'uid-1', step)))
  const [, value = ''] = header.split('=')
  assert.equal(stepsOf('staff').read(request(header), 'uid-2', 'new-password'), undefined)
  assert.equal(stepsOf('guests').read(request(`postern-guests-step=${value}`), 'uid-1', 'new-password'), undefined)
  const others = [
    undefined,
    '',
    'postern-staff-step',
    'postern-staff-step=',
    header.slice(0, -4),
    header.replace('v1.', 'v2.'),
  ]
  const plain = Buffer.from(JSON.stringify({ step, until: Number.MAX_SAFE_INTEGER })).toString('base64url')
  for (const cookie of [...others, `postern-staff-step=v1.${plain}`]) {
    assert.equal(stepsOf('staff').read(request(cookie), 'uid-1', 'new-password'), undefined, cookie)
  }
  clock.advance(1800_000)
  assert.equal(stepsOf('staff').read(request(header), 'uid-1', 'new-password'), undefined)
})

test('clearing it takes it from the browser', () => {
  assert.match(
    written((res) => stepsOf('staff').clear(res, 'uid-1')),
    /^postern-staff-step=; path=.*\/uid-1; expires=Thu, 01 Jan 1970 00:00:00 GMT;/,
  )
})
