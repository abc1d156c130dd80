import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Issued, makeAuthority, makeLeaf, type Period } from './certificate.ts'
import { rangesFor } from './name-ranges.ts'
import type { PairFiles } from './pair.ts'

const day = 24 * 60 * 60 * 1000

/** From yesterday to in a year's time. */
export const thisYear: Period = { from: Date.now() - day, to: Date.now() + 365 * day }

/** An authority, and a certificate of it for these hosts. */
export function issue(hosts: readonly string[], period = thisYear): { authority: Issued; server: Issued } {
  const authority = makeAuthority(rangesFor(hosts), period)
  return { authority, server: makeLeaf(authority, hosts, period) }
}

/** Writes a certificate and its key into two files of a folder. */
export async function writePair(folder: string, { certificate, key }: Issued): Promise<PairFiles> {
  const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') }
  await writeFile(files.cert, certificate)
  await writeFile(files.key, key)
  return files
}
