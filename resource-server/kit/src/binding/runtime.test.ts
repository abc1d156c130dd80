import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A client and its resource server in a process without `node:` modules, with the conditions of another runtime. */
const program = `
import { registerHooks } from 'node:module'
registerHooks({
  resolve(specifier, context, next) {
    const isBuiltin = specifier.startsWith('node:')
    if (isBuiltin && !context.parentURL?.startsWith('data:')) throw new Error(specifier + ' from ' + context.parentURL)
    return next(specifier, { ...context, conditions: context.conditions.filter((condition) => condition !== 'node') })
  },
})
const { createResourceServer } = await import(process.argv[1])
const utf8 = new TextEncoder()
const base64url = (bytes) => new Uint8Array(bytes).toBase64?.({ alphabet: 'base64url', omitPadding: true }) ??
  btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
const hash = async (data) => base64url(await crypto.subtle.digest('SHA-256', data))
const makeKey = async () => {
  const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify'])
  const { crv, kty, x, y } = await crypto.subtle.exportKey('jwk', pair.publicKey)
  return { pair, jwk: { crv, kty, x, y } }
}
const sign = async ({ pair }, header, claims) => {
  const input = [header, claims].map((part) => base64url(utf8.encode(JSON.stringify(part)))).join('.')
  const signature = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, pair.privateKey, utf8.encode(input))
  return input + '.' + base64url(signature)
}
const [issuerKey, clientKey] = [await makeKey(), await makeKey()]
const certificate = new Uint8Array([0x30, 0])
const now = Math.floor(Date.now() / 1000)
const resource = 'https://mcp.example/mcp'
const token = await sign(issuerKey, { alg: 'ES256' }, {
  iss: 'https://as.example', aud: resource, sub: 's', client_id: 'c', exp: now + 60,
  cnf: { jkt: await hash(utf8.encode(JSON.stringify(clientKey.jwk))), 'x5t#S256': await hash(certificate) },
})
const rs = createResourceServer({
  resource,
  issuers: [{ issuer: 'https://as.example', jwks: { keys: [issuerKey.jwk] } }],
  dpop: { mode: 'required', nonce: 'required' },
  mtls: { certificate: (request) => (request.source instanceof Request ? certificate : undefined) },
})
const prove = async (claims) => sign(clientKey, { typ: 'dpop+jwt', alg: 'ES256', jwk: clientKey.jwk }, {
  jti: crypto.randomUUID(), htm: 'POST', htu: resource, iat: now, ath: await hash(utf8.encode(token)), ...claims,
})
const ask = (dpop) =>
  rs.authenticate(new Request(resource, { method: 'POST', headers: { authorization: 'DPoP ' + token, dpop } }))
const asked = await ask(await prove({}))
const proof = await prove({ nonce: asked.headers.get('dpop-nonce') })
const good = await ask(proof)
const again = await ask(proof)
const forged = await ask(await prove({ nonce: asked.headers.get('dpop-nonce'), htm: 'GET' }))
console.log(JSON.stringify({ asked: asked.status, good: good.subject, again: again.status, forged: forged.status }))
`

test('bound tokens are checked with web standards alone', async () => {
  const root = import.meta.resolve('../index.ts')
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', program, root])
  assert.deepEqual(JSON.parse(stdout), { asked: 401, good: 's', again: 401, forged: 401 })
})
