import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { StartError } from '../start-error.ts'
import { readSettings, withPort } from './settings.ts'
import { variables } from './variables.ts'

const key = randomBytes(32).toString('base64url')
const production = {
  POSTERN_MODE: 'production',
  POSTERN_IDP_URL: 'https://idp.example',
  POSTERN_GATEWAY_URL: 'https://mcp.example',
  POSTERN_ENCRYPTION_KEY: key,
}

function refusals(env: Record<string, string>, role: 'idp' | 'gateway' = 'idp'): string[] {
  try {
    readSettings(env, role)
    return []
  } catch (error) {
    assert.ok(error instanceof StartError, String(error))
    assert.equal(error.code, 'setting')
    return error.message.split('\n')
  }
}

test('the defaults of development', () => {
  const data = resolve('data')
  assert.deepEqual(readSettings({ HOME: '/x', PATH: '/y' }, 'idp'), {
    mode: 'development',
    role: 'idp',
    dataDir: data,
    databaseUrl: `sqlite:${join(data, 'idp', 'idp.db')}`,
    port: 4700,
    publicUrl: 'http://localhost:4700',
    idpUrl: 'http://localhost:4700',
    gatewayUrl: 'http://localhost:4701',
    logLevel: 'info',
    maxAllowedClients: 5,
    maxProcesses: 8,
    maxProcessMemoryMb: 1024,
    showSecretsAgain: true,
    allowLoopbackClientDocuments: false,
    warnings: [],
  })
  const gateway = readSettings({}, 'gateway')
  assert.equal(gateway.port, 4701)
  assert.equal(gateway.publicUrl, 'http://localhost:4701')
  assert.equal(gateway.databaseUrl, `sqlite:${join(data, 'gateway', 'gateway.db')}`)
})

test('every variable', () => {
  const settings = readSettings(
    {
      ...production,
      POSTERN_CONFIG: '/etc/postern.yaml',
      POSTERN_DATA_DIR: '/var/lib/postern',
      POSTERN_DATABASE_URL: 'postgres://u:p@db/postern',
      POSTERN_HOST: '::',
      POSTERN_IDP_PORT: '80',
      POSTERN_GATEWAY_PORT: '0',
      POSTERN_IDP_URL: 'https://idp.example/',
      POSTERN_IDP_INTERNAL_URL: 'http://idp:4700/',
      POSTERN_ADMIN_TOKEN: 't'.repeat(32),
      POSTERN_ADMIN_LISTEN: '[::1]:9000',
      POSTERN_LOG_LEVEL: 'debug',
      POSTERN_MAX_ALLOWED_CLIENTS: '7',
      POSTERN_MAX_PROCESSES: '2',
      POSTERN_MAX_PROCESS_MEMORY_MB: '300',
      POSTERN_ALLOW_LOOPBACK_CLIENT_DOCUMENTS: 'false',
    },
    'idp',
  )
  assert.deepEqual(settings, {
    mode: 'production',
    role: 'idp',
    config: '/etc/postern.yaml',
    dataDir: '/var/lib/postern',
    databaseUrl: 'postgres://u:p@db/postern',
    host: '::',
    port: 80,
    publicUrl: 'https://idp.example',
    idpUrl: 'https://idp.example',
    gatewayUrl: 'https://mcp.example',
    idpInternalUrl: 'http://idp:4700',
    adminToken: 't'.repeat(32),
    adminListen: { host: '::1', port: 9000 },
    encryptionKey: new Uint8Array(Buffer.from(key, 'base64url')),
    logLevel: 'debug',
    maxAllowedClients: 7,
    maxProcesses: 2,
    maxProcessMemoryMb: 300,
    showSecretsAgain: true,
    allowLoopbackClientDocuments: false,
    warnings: [],
  })
})

test('a variable that is set to nothing is absent', () => {
  const empty = Object.fromEntries(variables.map((name) => [name, ' ']))
  assert.deepEqual(readSettings(empty, 'idp'), readSettings({}, 'idp'))
})

test('the mode follows from the public URLs', () => {
  const { POSTERN_MODE: _, ...publicUrls } = production
  assert.equal(readSettings(publicUrls, 'idp').mode, 'production')
  assert.equal(
    readSettings({ POSTERN_IDP_URL: 'http://idp.localhost:1', POSTERN_GATEWAY_URL: 'http://127.1.2.3:2' }, 'idp').mode,
    'development',
  )
  assert.deepEqual(readSettings(production, 'gateway').adminListen, { host: '127.0.0.1', port: 4711 })
  assert.deepEqual(readSettings(production, 'idp').adminListen, { host: '127.0.0.1', port: 4710 })
})

test('with a certificate both public URLs are https by default', () => {
  const tls = { POSTERN_TLS_CERT: 'tls/cert.pem', POSTERN_TLS_KEY: '/run/secrets/key.pem' }
  const settings = readSettings({ ...tls, POSTERN_IDP_PORT: '0' }, 'idp')
  assert.deepEqual(settings.tls, { cert: 'tls/cert.pem', key: '/run/secrets/key.pem' })
  assert.deepEqual([settings.idpUrl, settings.gatewayUrl], ['https://localhost:0', 'https://localhost:4701'])
  assert.equal(settings.mode, 'development')
  assert.equal(withPort(settings, 5).publicUrl, 'https://localhost:5')
  // Where the other server listens without TLS, that is its own affair.
  const gateway = readSettings({ ...tls, POSTERN_IDP_URL: 'http://localhost:4700' }, 'gateway')
  assert.deepEqual([gateway.idpUrl, gateway.publicUrl], ['http://localhost:4700', 'https://localhost:4701'])
})

test('development is for loopback only', () => {
  assert.deepEqual(refusals({ ...production, POSTERN_MODE: 'development' }), [
    'POSTERN_MODE=development is for loopback only; set POSTERN_IDP_URL to http://localhost:…, or POSTERN_MODE=production',
    'POSTERN_MODE=development is for loopback only; set POSTERN_GATEWAY_URL to http://localhost:…, or POSTERN_MODE=production',
  ])
})

test('what production refuses, a sentence each', () => {
  const without = (name: string) => Object.fromEntries(Object.entries(production).filter(([key]) => key !== name))
  const table: [Record<string, string>, RegExp][] = [
    [without('POSTERN_IDP_URL'), /^POSTERN_MODE=production needs https public URLs; set POSTERN_IDP_URL to https/],
    [
      { ...production, POSTERN_GATEWAY_URL: 'http://localhost:4701' },
      /^POSTERN_MODE=production needs https public URLs; set POSTERN_GATEWAY_URL/,
    ],
    [
      without('POSTERN_ENCRYPTION_KEY'),
      /^POSTERN_MODE=production needs POSTERN_ENCRYPTION_KEY, 32 bytes in base64url; make one with: openssl/,
    ],
    [
      { ...production, POSTERN_ADMIN_TOKEN: 'local-development-only' },
      /^POSTERN_ADMIN_TOKEN is the one of the compose file, which everybody knows/,
    ],
    [
      { ...production, POSTERN_ADMIN_TOKEN: 'x'.repeat(31) },
      /^POSTERN_ADMIN_TOKEN needs at least 32 characters in production/,
    ],
    [
      { ...production, POSTERN_ALLOW_LOOPBACK_CLIENT_DOCUMENTS: 'true' },
      /^POSTERN_ALLOW_LOOPBACK_CLIENT_DOCUMENTS is for development/,
    ],
  ]
  for (const [env, expected] of table) {
    const found = refusals(env)
    assert.equal(found.length, 1, found.join('\n'))
    assert.match(found[0] ?? '', expected)
  }
  assert.equal(refusals({ POSTERN_MODE: 'production', POSTERN_ADMIN_TOKEN: 'local-development-only' }).length, 4)
})

test('what is wrong in any mode', () => {
  const table: [Record<string, string>, RegExp][] = [
    [{ POSTERN_MODE: 'prod' }, /^POSTERN_MODE must be development or production$/],
    [{ POSTERN_IDP_PORT: 'x' }, /^POSTERN_IDP_PORT must be a port, 0 to 65535/],
    [{ POSTERN_GATEWAY_PORT: '65536' }, /^POSTERN_GATEWAY_PORT must be a port/],
    [{ POSTERN_IDP_PORT: '-1' }, /^POSTERN_IDP_PORT must be a port/],
    [{ POSTERN_IDP_URL: 'localhost:4700' }, /^POSTERN_IDP_URL is no public URL: /],
    [{ POSTERN_IDP_URL: 'http://idp.example' }, /^POSTERN_IDP_URL is no public URL: use https:\/\//],
    [
      { POSTERN_IDP_URL: 'https://idp.example/base' },
      /^POSTERN_IDP_URL must be an origin such as https:\/\/idp\.example; remove the path/,
    ],
    [{ POSTERN_GATEWAY_URL: 'https://a.example?x=1' }, /^POSTERN_GATEWAY_URL is no public URL/],
    [{ POSTERN_DATABASE_URL: 'mysql://x' }, /^POSTERN_DATABASE_URL must begin with sqlite: or postgres:/],
    [{ POSTERN_HOST: 'localhost:80' }, /^POSTERN_HOST must be an address such as 0\.0\.0\.0/],
    [{ POSTERN_ADMIN_LISTEN: '4710' }, /^POSTERN_ADMIN_LISTEN must be host:port/],
    [
      { ...production, POSTERN_ADMIN_LISTEN: '127.0.0.1:4700' },
      /^POSTERN_ADMIN_LISTEN has the port of the public side \(4700\); choose another/,
    ],
    [{ POSTERN_IDP_INTERNAL_URL: 'idp:4700' }, /^POSTERN_IDP_INTERNAL_URL must be an http\(s\) URL/],
    [{ POSTERN_TLS_CERT: 'c' }, /^POSTERN_TLS_CERT needs POSTERN_TLS_KEY beside it: the PEM file of its key$/],
    [{ POSTERN_TLS_KEY: 'k' }, /^POSTERN_TLS_KEY needs POSTERN_TLS_CERT beside it: the PEM file of its certificate$/],
    [
      { POSTERN_TLS_CERT: 'c', POSTERN_TLS_KEY: 'k', POSTERN_IDP_URL: 'http://localhost:4700' },
      /^POSTERN_IDP_URL must begin with https:\/\/, for the server listens with TLS; correct it, or take away POSTERN_TLS/,
    ],
    [{ POSTERN_ADMIN_TOKEN: 'short' }, /^POSTERN_ADMIN_TOKEN needs at least 16 characters$/],
    [
      { POSTERN_ADMIN_TOKEN: 'with spaces in the middle' },
      /^POSTERN_ADMIN_TOKEN must be printable ASCII without spaces/,
    ],
    [{ POSTERN_ENCRYPTION_KEY: 'c2hvcnQ' }, /^POSTERN_ENCRYPTION_KEY must be 32 bytes in base64url/],
    [{ POSTERN_ENCRYPTION_KEY: `${key}=` }, /^POSTERN_ENCRYPTION_KEY must be 32 bytes in base64url/],
    [{ POSTERN_LOG_LEVEL: 'verbose' }, /^POSTERN_LOG_LEVEL must be one of trace, debug/],
    [{ POSTERN_MAX_ALLOWED_CLIENTS: '0' }, /^POSTERN_MAX_ALLOWED_CLIENTS must be a whole number from 1 to 100/],
    [
      { POSTERN_ALLOW_LOOPBACK_CLIENT_DOCUMENTS: 'yes' },
      /^POSTERN_ALLOW_LOOPBACK_CLIENT_DOCUMENTS must be true or false$/,
    ],
    [{ POSTERN_MAX_PROCESSES: '1.5' }, /^POSTERN_MAX_PROCESSES must be a whole number from 1 to/],
    [{ POSTERN_MAX_PROCESS_MEMORY_MB: '1g' }, /^POSTERN_MAX_PROCESS_MEMORY_MB must be a whole number from 1 to 262144/],
  ]
  for (const [env, expected] of table) {
    const found = refusals(env)
    assert.equal(found.length, 1, JSON.stringify(env) + found.join('\n'))
    assert.match(found[0] ?? '', expected)
  }
})

test('all mistakes at once, and no secret in them', () => {
  const found = refusals({
    POSTERN_MODE: 'x',
    POSTERN_IDP_PORT: 'y',
    POSTERN_ADMIN_TOKEN: 'se cret',
    POSTERN_ENCRYPTION_KEY: 'hidden-value',
  })
  assert.equal(found.length, 4)
  assert.ok(!/se cret|hidden-value/.test(found.join('\n')))
})

test('variables that nobody reads are warned of', () => {
  const { warnings } = readSettings(
    { POSTERN_PORT: '1', POSTERN_IDP_PROT: '2', POSTERN_ADMIN_LISTEN: '127.0.0.1:1', OTHER: 'x' },
    'idp',
  )
  assert.deepEqual(warnings, [
    'POSTERN_IDP_PROT is no setting and is ignored; did you mean POSTERN_IDP_PORT?',
    'POSTERN_PORT is no setting and is ignored',
    'POSTERN_ADMIN_LISTEN is for production; in development the management API is on the one port',
  ])
})

test('what loosens something is said aloud, by the server that it concerns', () => {
  const env = { POSTERN_ALLOW_LOOPBACK_CLIENT_DOCUMENTS: 'true' }
  const { allowLoopbackClientDocuments, warnings } = readSettings(env, 'idp')
  assert.equal(allowLoopbackClientDocuments, true)
  assert.equal(warnings.length, 1)
  assert.match(warnings[0] ?? '', /^POSTERN_ALLOW_LOOPBACK_CLIENT_DOCUMENTS is on: /)
  assert.deepEqual(readSettings(env, 'gateway').warnings, [])
})

test('port 0 is filled in once it is known', () => {
  const settings = readSettings({ POSTERN_IDP_PORT: '0' }, 'idp')
  assert.equal(settings.publicUrl, 'http://localhost:0')
  const known = withPort(settings, 51_234)
  assert.deepEqual(
    [known.publicUrl, known.idpUrl, known.gatewayUrl, known.port],
    ['http://localhost:51234', 'http://localhost:51234', 'http://localhost:4701', 51_234],
  )
  const given = withPort(
    readSettings({ POSTERN_GATEWAY_PORT: '0', POSTERN_GATEWAY_URL: 'http://localhost:9' }, 'gateway'),
    51_234,
  )
  assert.equal(given.gatewayUrl, 'http://localhost:9')
})
