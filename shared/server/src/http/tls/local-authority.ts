import { createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { systemClock } from '@postern/core'
import { secretFile, writePrivate } from '../../config/secret-file.ts'
import { limits } from '../../limits.ts'
import { errorCode, StartError } from '../../start-error.ts'
import { type Issued, makeAuthority, makeLeaf, type Period, rangesOf } from './certificate.ts'
import type { LocalTlsFiles, LocalTlsOptions } from './local-tls.ts'
import { isWithin, type NameRanges, rangesFor } from './name-ranges.ts'
import { covers, type PairFiles } from './pair.ts'

/** What `ensureLocalTls` promises. */
export async function ensurePair(
  { hosts, clock = systemClock }: LocalTlsOptions,
  files: LocalTlsFiles,
): Promise<PairFiles> {
  const names = [...new Set(['localhost', '127.0.0.1', '::1', ...hosts])]
  const now = clock.now()
  await makeFolder(dirname(files.server))
  const authority = await readAuthority(files.authorityPair, names, now)
  if ((await readIfThere(files.authority)) !== authority.certificate) {
    await writePrivate(files.authority, authority.certificate)
  }
  await ensureServer(files.server, authority, names, now)
  return { cert: files.server, key: files.server }
}

async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    const mend = 'give this user write permission on its folder, or set POSTERN_DATA_DIR'
    throw new StartError('data_folder', `${folder} cannot be made (${errorCode(error)}); ${mend}`, { cause: error })
  })
}

/** What may be set instead, for the mend of a file that cannot be made. */
const instead = 'POSTERN_TLS_CERT and POSTERN_TLS_KEY'

async function readAuthority(file: string, names: readonly string[], now: number): Promise<Issued> {
  const make = () => textOf(makeAuthority(rangesFor(names), period(now, limits.tlsAuthority)))
  const authority = parse(await secretFile(file, make, instead))
  if (authority === undefined || !authority.x509.ca) throw unfit(file, 'is damaged')
  if (isNearEnd(authority.x509, now)) {
    throw unfit(file, `ends on ${authority.x509.validToDate.toISOString().slice(0, 10)}`)
  }
  const ranges: NameRanges = rangesOf(authority.certificate) ?? { domains: [], subnets: [] }
  const outside = names.find((name) => !isWithin(name, ranges))
  if (outside !== undefined) throw unfit(file, `was made for other names and cannot sign for ${outside}`)
  return authority
}

function unfit(file: string, what: string): StartError {
  const mend = 'remove the folder that it is in to have another made, and have clients trust the new ca.pem'
  return new StartError('tls', `the local authority in ${file} ${what}; ${mend}`)
}

async function ensureServer(file: string, authority: Issued, names: readonly string[], now: number): Promise<void> {
  const make = () => textOf(makeLeaf(authority, names, period(now, limits.tlsServer)))
  const server = parse(await secretFile(file, make, instead))
  if (server === undefined || !isFit(server.x509, authority, names, now)) await writePrivate(file, `${make()}\n`)
}

function isFit(server: X509Certificate, authority: Issued, names: readonly string[], now: number): boolean {
  const { publicKey } = new X509Certificate(authority.certificate)
  return !isNearEnd(server, now) && names.every((name) => covers(server, name)) && server.verify(publicKey)
}

function isNearEnd({ validToDate }: X509Certificate, now: number): boolean {
  return validToDate.getTime() - now < limits.tlsRenewal
}

/** Begins a little earlier, for machines whose clocks are behind. */
function period(now: number, lifetime: number): Period {
  return { from: now - limits.tlsBackdate, to: now + lifetime }
}

function textOf({ certificate, key }: Issued): string {
  return `${key}${certificate}`.trimEnd()
}

/** What `textOf` wrote; undefined for anything else. */
function parse(text: string): (Issued & { readonly x509: X509Certificate }) | undefined {
  const at = text.indexOf('-----BEGIN CERTIFICATE-----')
  const [key, certificate] = [text.slice(0, at), `${text.slice(at)}\n`]
  try {
    const x509 = new X509Certificate(certificate)
    return x509.checkPrivateKey(createPrivateKey(key)) ? { key, certificate, x509 } : undefined
  } catch {
    return undefined
  }
}

async function readIfThere(file: string): Promise<string | undefined> {
  return await readFile(file, 'utf8').catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  })
}
