import { join } from 'node:path'
import { limits } from '../limits.ts'
import { generateSecret } from '../secret.ts'
import { StartError } from '../start-error.ts'
import { type Mode, readEncryptionKey } from './readers.ts'
import { secretFile } from './secret-file.ts'
import type { Settings } from './settings.ts'

export interface Secrets {
  adminToken: string
  encryptionKey: Uint8Array
  /** Where the admin token was read from: may be printed, unlike its value. Absent when a variable holds it. */
  adminTokenFile?: string
}

/**
 * The server's own two secrets: from the variables, else from files in the data folder, made at first start.
 *
 * @throws StartError `secret_file` or `data_folder`, naming the file and the mend
 */
export async function loadSecrets(settings: Settings): Promise<Secrets> {
  const { adminToken, dataDir, mode } = settings
  const encryptionKey = settings.encryptionKey ?? (await readKeyFile(join(dataDir, 'encryption-key')))
  if (adminToken !== undefined) return { adminToken, encryptionKey }
  const adminTokenFile = join(dataDir, 'admin-token')
  return { adminToken: await readTokenFile(adminTokenFile, mode), encryptionKey, adminTokenFile }
}

async function readKeyFile(file: string): Promise<Uint8Array> {
  const result = readEncryptionKey(await secretFile(file, generateSecret, 'POSTERN_ENCRYPTION_KEY'))
  if ('value' in result) return result.value
  throw new StartError(
    'secret_file',
    `${file} must hold 32 bytes in base64url (43 characters); put back the right file from a backup`,
  )
}

/** A token of one's own is held to the same length as in POSTERN_ADMIN_TOKEN. */
async function readTokenFile(file: string, mode: Mode): Promise<string> {
  const token = await secretFile(file, generateSecret, 'POSTERN_ADMIN_TOKEN')
  const isProduction = mode === 'production'
  const shortest = isProduction ? limits.adminTokenProduction : limits.adminToken
  if (/^[\x21-\x7e]+$/.test(token) && token.length >= shortest && token.length <= limits.adminTokenMax) return token
  const what = `one line of ${shortest} or more printable characters${isProduction ? ' in production' : ''}`
  throw new StartError('secret_file', `${file} must hold ${what}; correct it, or remove it to have one made`)
}
