import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Loads the root in a process that has no `node:` modules to give, with the conditions of another runtime. */
const program = `
import { registerHooks } from 'node:module'
registerHooks({
  resolve(specifier, context, next) {
    const isBuiltin = specifier.startsWith('node:')
    if (isBuiltin && !context.parentURL?.startsWith('data:')) throw new Error(specifier + ' from ' + context.parentURL)
    const conditions = context.conditions.filter((condition) => condition !== 'node')
    return next(specifier, { ...context, conditions })
  },
})
const { createResourceServer } = await import(process.argv[1])
const keys = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify'])
const jwk = await crypto.subtle.exportKey('jwk', keys.publicKey)
const encode = (value) => btoa(JSON.stringify(value)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
const exp = Math.floor(Date.now() / 1000) + 60
const claims = { iss: 'https://as.example', aud: 'https://mcp.example/mcp', sub: 's', client_id: 'c', exp }
const input = encode({ alg: 'ES256' }) + '.' + encode(claims)
const signature = new Uint8Array(await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, keys.privateKey, new TextEncoder().encode(input)))
const token = input + '.' + btoa(String.fromCharCode(...signature)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
const rs = createResourceServer({
  resource: claims.aud,
  issuers: [{ issuer: claims.iss, jwks: { keys: [{ kty: jwk.kty, crv: jwk.crv, x: jwk.x, y: jwk.y }] } }],
})
const ask = (bearer) => rs.authenticate(new Request(claims.aud, { headers: { authorization: 'Bearer ' + bearer } }))
const good = await ask(token)
const bad = await ask(token.slice(0, -4))
console.log(JSON.stringify({ subject: good.subject, status: bad.status }))
`

test('the root runs on web standards alone', async () => {
  const root = import.meta.resolve('./index.ts')
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', program, root])
  assert.deepEqual(JSON.parse(stdout), { subject: 's', status: 401 })
})
