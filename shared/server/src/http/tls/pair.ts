import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { isIP } from 'node:net'
import { createSecureContext } from 'node:tls'
import { limits } from '../../limits.ts'
import { errorCode, errorText, StartError } from '../../start-error.ts'

/** The files of a server's certificate and its key, PEM. One file may hold both. */
export interface PairFiles {
  readonly cert: string
  readonly key: string
}

/** What a server proves its name with. */
export interface Pair {
  /** The server's own certificate first, then those that lead to an authority; PEM. */
  readonly certificate: string
  readonly key: string
}

/** A host that people find the server by, and the variable that says so. */
export interface Named {
  readonly host: string
  readonly variable: string
}

/**
 * Reads a certificate and its key, and checks that a server can use them now, under that name.
 *
 * @param now epoch milliseconds
 * @throws StartError `tls`, naming the variable and the mend
 */
export async function readPair(files: PairFiles, named: Named, now: number): Promise<Pair> {
  const certificate = certificatesIn(await read('POSTERN_TLS_CERT', files.cert), files.cert)
  const key = keyIn(await read('POSTERN_TLS_KEY', files.key), files.key)
  const own = parse(certificate, files.cert)
  checkMatch(own, key)
  checkPeriod(own, files.cert, now)
  checkName(own, files.cert, named)
  const pair = { certificate, key: key.export({ type: 'pkcs8', format: 'pem' }).toString() }
  checkUse(pair)
  return pair
}

type Variable = 'POSTERN_TLS_CERT' | 'POSTERN_TLS_KEY'

function refuse(message: string, cause?: unknown): StartError {
  return new StartError('tls', message, { cause })
}

async function read(variable: Variable, file: string): Promise<string> {
  try {
    const found = await stat(file)
    if (found.size > limits.tlsFileBytes)
      throw refuse(`${variable}: ${file} is too large to be a PEM file; name another`)
    return await readFile(file, 'utf8')
  } catch (error) {
    if (error instanceof StartError) throw error
    const reason = errorCode(error) || errorText(error)
    throw refuse(`${variable}: ${file} cannot be read (${reason}); name a file that this user can read`, error)
  }
}

/** The certificates of a file, without whatever stands between them. */
function certificatesIn(text: string, file: string): string {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g)
  if (blocks !== null) return `${blocks.join('\n')}\n`
  throw refuse(
    `POSTERN_TLS_CERT: ${file} holds no certificate in PEM (-----BEGIN CERTIFICATE-----); name one that does, or ` +
      `convert DER with: openssl x509 -inform der -in ${file} -out cert.pem`,
  )
}

function parse(certificates: string, file: string): X509Certificate {
  try {
    return new X509Certificate(certificates)
  } catch (error) {
    throw refuse(`POSTERN_TLS_CERT: the certificate in ${file} is damaged; put back the right file`, error)
  }
}

function keyIn(text: string, file: string): KeyObject {
  const [block] = /-----BEGIN ([A-Z]+ )*PRIVATE KEY-----[\s\S]+?-----END ([A-Z]+ )*PRIVATE KEY-----/.exec(text) ?? []
  if (block === undefined) {
    throw refuse(
      `POSTERN_TLS_KEY: ${file} holds no private key in PEM (-----BEGIN PRIVATE KEY-----); name one that does`,
    )
  }
  if (/^-----BEGIN ENCRYPTED|^Proc-Type: 4,ENCRYPTED/m.test(block)) {
    throw refuse(
      `POSTERN_TLS_KEY: ${file} is encrypted, and nobody is there to type its passphrase; ` +
        `decrypt it with: openssl pkey -in ${file} -out key.pem`,
    )
  }
  try {
    return createPrivateKey(block)
  } catch (error) {
    throw refuse(`POSTERN_TLS_KEY: the private key in ${file} is damaged; put back the right file`, error)
  }
}

function checkMatch(certificate: X509Certificate, key: KeyObject): void {
  if (certificate.checkPrivateKey(key)) return
  throw refuse(
    'POSTERN_TLS_KEY is not the key of the certificate in POSTERN_TLS_CERT; name the two that were made together ' +
      "(in a chain, the server's own certificate comes first)",
  )
}

function checkPeriod({ validFromDate, validToDate }: X509Certificate, file: string, now: number): void {
  if (validToDate.getTime() <= now) {
    throw refuse(
      `POSTERN_TLS_CERT: the certificate in ${file} ended on ${day(validToDate)}; renew it, and put the new one there`,
    )
  }
  if (validFromDate.getTime() > now) {
    throw refuse(
      `POSTERN_TLS_CERT: the certificate in ${file} begins on ${day(validFromDate)}; use one that holds today, or set ` +
        "this machine's clock",
    )
  }
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10)
}

function checkName(certificate: X509Certificate, file: string, { host, variable }: Named): void {
  if (covers(certificate, host)) return
  throw refuse(
    `POSTERN_TLS_CERT: the certificate in ${file} is for ${namesOf(certificate)}, not for ${host}, the host of ` +
      `${variable}; use one that names it, or correct ${variable}`,
  )
}

/** Whether clients take a certificate for a name or an address: by its subject alternative names alone, as they do. */
export function covers(certificate: X509Certificate, host: string): boolean {
  if (isIP(host) !== 0) return certificate.checkIP(host) !== undefined
  return certificate.checkHost(host, { subject: 'never' }) !== undefined
}

function namesOf({ subjectAltName }: X509Certificate): string {
  const names = (subjectAltName ?? '').split(', ').map((name) => name.replace(/^(DNS|IP Address):/, ''))
  return names.join(', ').slice(0, limits.tlsNamesShown) || 'no host at all (it has no subject alternative name)'
}

/** What OpenSSL does not take: damage further down the chain, or a key or signature too weak. */
function checkUse({ certificate, key }: Pair): void {
  try {
    createSecureContext({ cert: certificate, key })
  } catch (error) {
    throw refuse(
      `POSTERN_TLS_CERT cannot be used (${errorText(error)}); see whether its chain is whole, and its key has 2048 bits ` +
        'of RSA or 256 of EC at least',
      error,
    )
  }
}
