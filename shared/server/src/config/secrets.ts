import { join } from 'node:path'
import { limits } from '../limits.ts'
import { generateSecret } from '../secret.ts'
import { StartError } from '../start-error.ts'
import { readEncryptionKey } from './readers.ts'
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
  const { adminToken, dataDir } = settings
  const encryptionKey = settings.encryptionKey ?? (await readKeyFile(join(dataDir, 'encryption-key')))
  if (adminToken !== undefined) return { adminToken, encryptionKey }
  const adminTokenFile = join(dataDir, 'admin-token')
  return { adminToken: await readTokenFile(adminTokenFile), encryptionKey, adminTokenFile }
}

async function readKeyFile(file: string): Promise<Uint8Array> {
  const result = readEncryptionKey(await secretFile(file, generateSecret, 'POSTERN_ENCRYPTION_KEY'))
  if ('value' in result) return result.value
  throw new StartError(
    'secret_file',
    `${file} must hold 32 bytes in base64url (43 characters); put back the right file from a backup`,
  )
}

async function readTokenFile(file: string): Promise<string> {
  const token = await secretFile(file, generateSecret, 'POSTERN_ADMIN_TOKEN')
  if (/^[\x21-\x7e]+$/.test(token) && token.length >= limits.adminToken && token.length <= limits.adminTokenMax)
    return token
  const mend = 'correct it, or remove it to have one made'
  throw new StartError(
    'secret_file',
    `${file} must hold one line of ${limits.adminToken} or more printable characters; ${mend}`,
  )
}
