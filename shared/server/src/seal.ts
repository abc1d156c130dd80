import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { limits } from './limits.ts'
import { StartError } from './start-error.ts'

/** Encrypts small values for the database. What is sealed under one context opens under no other. */
export interface Sealer {
  /** @returns `v1.` and base64url of nonce, ciphertext and tag */
  seal(plain: string, context: string): string
  /** @throws Error with a fixed text when the value was changed, or sealed under another key or context */
  open(sealed: string, context: string): string
}

const version = 'v1.'
const nonceBytes = 12
const tagBytes = 16

/**
 * AES-256-GCM (NIST SP 800-38D) with a random nonce a value and the context as additional data, so that a row's value
 * cannot be moved to another row.
 *
 * @param encryptionKey 32 bytes
 * @throws StartError `encryption_key` when the key has another length
 */
export function createSealer(encryptionKey: Uint8Array): Sealer {
  if (encryptionKey.length !== limits.encryptionKeyBytes) {
    throw new StartError('encryption_key', `the encryption key has ${encryptionKey.length} bytes; it needs 32`)
  }
  const key = Uint8Array.from(encryptionKey)
  return { seal: (plain, context) => seal(key, plain, context), open: (sealed, context) => open(key, sealed, context) }
}

function seal(key: Uint8Array, plain: string, context: string): string {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes })
  cipher.setAAD(Buffer.from(version + context, 'utf8'))
  const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()])
  return version + Buffer.concat([nonce, body, cipher.getAuthTag()]).toString('base64url')
}

function open(key: Uint8Array, sealed: string, context: string): string {
  const bytes = Buffer.from(sealed.slice(version.length), 'base64url')
  if (!sealed.startsWith(version) || bytes.length < nonceBytes + tagBytes) throw unopened()
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, nonceBytes), { authTagLength: tagBytes })
  decipher.setAAD(Buffer.from(version + context, 'utf8'))
  decipher.setAuthTag(bytes.subarray(bytes.length - tagBytes))
  try {
    const body = bytes.subarray(nonceBytes, bytes.length - tagBytes)
    return Buffer.concat([decipher.update(body), decipher.final()]).toString('utf8')
  } catch (error) {
    throw unopened(error)
  }
}

function unopened(cause?: unknown): Error {
  return new Error('a sealed value cannot be opened: it was changed, or sealed under another key or context', { cause })
}
