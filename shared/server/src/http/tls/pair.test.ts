import assert from 'node:assert/strict'
import { createPrivateKey } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { limits } from '../../limits.ts'
import { StartError } from '../../start-error.ts'
import { type TemporaryFolder, temporaryFolder } from '../../testing/temporary-folder.ts'
import { issue, thisYear, writePair } from './fixtures.ts'
import { type PairFiles, readPair } from './pair.ts'

let folder: TemporaryFolder
beforeEach(async () => {
  folder = await temporaryFolder()
})
afterEach(() => folder.remove())

const named = { host: 'localhost', variable: 'POSTERN_IDP_URL' }

async function refusal(files: PairFiles, name = named, now = Date.now()): Promise<string> {
  try {
    await readPair(files, name, now)
  } catch (error) {
    assert.ok(error instanceof StartError, String(error))
    assert.equal(error.code, 'tls')
    return error.message
  }
  return assert.fail('it was taken')
}

test('two files, or one that holds both, with a chain and text between', async () => {
  const { authority, server } = issue(['localhost', '127.0.0.1'])
  const files = await writePair(folder.path, server)
  const pair = await readPair(files, named, Date.now())
  assert.deepEqual(pair, { certificate: server.certificate, key: server.key })

  await writeFile(files.cert, `subject=\n${server.key}${server.certificate}issuer=\n${authority.certificate}`)
  const chain = await readPair({ cert: files.cert, key: files.cert }, { ...named, host: '127.0.0.1' }, Date.now())
  assert.equal(chain.key, server.key)
  assert.equal(chain.certificate.match(/BEGIN CERTIFICATE/g)?.length, 2)
  assert.ok(chain.certificate.startsWith(server.certificate.trimEnd()))
  assert.doesNotMatch(chain.certificate, /PRIVATE|subject|issuer/)
})

test('files that cannot be read', async () => {
  const files = await writePair(folder.path, issue(['localhost']).server)
  const missing = join(folder.path, 'missing.pem')
  const mend = 'name a file that this user can read'
  assert.equal(
    await refusal({ ...files, cert: missing }),
    `POSTERN_TLS_CERT: ${missing} cannot be read (ENOENT); ${mend}`,
  )
  assert.equal(
    await refusal({ ...files, key: missing }),
    `POSTERN_TLS_KEY: ${missing} cannot be read (ENOENT); ${mend}`,
  )
  await mkdir(missing)
  assert.match(await refusal({ ...files, cert: missing }), /cannot be read \(EISDIR\)/)
  await writeFile(files.cert, 'x'.repeat(limits.tlsFileBytes + 1))
  assert.match(await refusal(files), /^POSTERN_TLS_CERT: .* is too large to be a PEM file; name another$/)
})

test('files that are not what they should be', async () => {
  const { server } = issue(['localhost'])
  const files = await writePair(folder.path, server)
  const encrypted = createPrivateKey(server.key).export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: 'x',
  })
  const damaged = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'
  const table: readonly (readonly [keyof PairFiles, string | Buffer, RegExp])[] = [
    ['cert', '', /^POSTERN_TLS_CERT: .*cert\.pem holds no certificate in PEM .*openssl x509 -inform der/],
    ['cert', server.key, /^POSTERN_TLS_CERT: .*cert\.pem holds no certificate in PEM/],
    ['cert', damaged, /^POSTERN_TLS_CERT: the certificate in .*cert\.pem is damaged; put back/],
    ['cert', server.certificate + damaged, /^POSTERN_TLS_CERT cannot be used \(.+\); see whether its chain is whole/],
    ['key', server.certificate, /^POSTERN_TLS_KEY: .*key\.pem holds no private key in PEM/],
    ['key', encrypted, /^POSTERN_TLS_KEY: .*key\.pem is encrypted, .*openssl pkey -in .*key\.pem -out key\.pem$/],
    [
      'key',
      server.key.replace(/\n.{20}/, '\n'),
      /^POSTERN_TLS_KEY: the private key in .*key\.pem is damaged; put back/,
    ],
    ['key', issue(['localhost']).server.key, /^POSTERN_TLS_KEY is not the key of the certificate in POSTERN_TLS_CERT/],
  ]
  for (const [which, content, expected] of table) {
    await writePair(folder.path, server)
    await writeFile(files[which], content)
    const message = await refusal(files)
    assert.match(message, expected)
    assert.doesNotMatch(message, /\n|[A-Za-z0-9+/]{40}/, 'nothing of the files is repeated')
  }
})

test('the wrong one of a chain first', async () => {
  const { authority, server } = issue(['localhost'])
  const files = await writePair(folder.path, { ...server, certificate: authority.certificate + server.certificate })
  assert.match(await refusal(files), /in a chain, the server's own certificate comes first/)
})

test('a certificate out of its time', async () => {
  const files = await writePair(folder.path, issue(['localhost']).server)
  assert.match(
    await refusal(files, named, thisYear.to + 1000),
    /^POSTERN_TLS_CERT: the certificate in .*cert\.pem ended on \d{4}-\d\d-\d\d; renew it/,
  )
  assert.match(
    await refusal(files, named, thisYear.from - 1000),
    /^POSTERN_TLS_CERT: the certificate in .*cert\.pem begins on \d{4}-\d\d-\d\d; use one that holds today/,
  )
})

test('a certificate for other names; the common name does not count', async () => {
  const files = await writePair(folder.path, issue(['idp.example', '::1']).server)
  assert.equal((await readPair(files, { ...named, host: '::1' }, Date.now())).certificate.length > 0, true)
  for (const host of ['localhost', 'Postern', 'sub.idp.example', '127.0.0.1', 'example']) {
    const expected = `is for idp.example, 0:0:0:0:0:0:0:1, not for ${host}, the host of POSTERN_IDP_URL; use one that names it, or correct POSTERN_IDP_URL`
    const message = await refusal(files, { ...named, host })
    assert.ok(message.endsWith(expected), message)
  }
})
