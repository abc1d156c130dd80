import { readFile } from 'node:fs/promises'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { errorCode } from '../../start-error.ts'

/**
 * Makes this process trust a local authority beside all that it trusts already; whoever it starts does not inherit that.
 * Without effect where there is no such file.
 */
export async function trustAuthority(file: string): Promise<void> {
  const authority = await readFile(file, 'utf8').catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  })
  if (authority !== undefined) setDefaultCACertificates([...getCACertificates('default'), authority])
}
