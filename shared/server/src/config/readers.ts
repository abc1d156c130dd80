import { decodeBase64url } from '@postern/core'
import { limits } from '../limits.ts'
import { type LogLevel, logLevels } from '../logs/logger.ts'

export type Mode = 'development' | 'production'

/** Reads a value, or says what is wrong with it: `{mistake}` follows the name of the variable. */
export type Reader<T> = (text: string) => { value: T } | { mistake: string }

export const readMode: Reader<Mode> = (text) =>
  text === 'development' || text === 'production' ? { value: text } : { mistake: 'must be development or production' }

export const readLogLevel: Reader<LogLevel> = (text) => {
  const level = logLevels.find((one) => one === text)
  return level === undefined ? { mistake: `must be one of ${logLevels.join(', ')}` } : { value: level }
}

export const readSwitch: Reader<boolean> = (text) =>
  text === 'true' || text === 'false' ? { value: text === 'true' } : { mistake: 'must be true or false' }

/** A whole number from 1 to `max`. */
export function readCount(max: number): Reader<number> {
  return (text) => {
    const value = /^\d{1,6}$/.test(text) ? Number(text) : 0
    return value >= 1 && value <= max ? { value } : { mistake: `must be a whole number from 1 to ${max}` }
  }
}

export const readDatabaseUrl: Reader<string> = (text) =>
  /^(sqlite:.|postgres(ql)?:\/\/.)/.test(text)
    ? { value: text }
    : { mistake: 'must begin with sqlite: or postgres://, e.g. sqlite:./data/idp.db' }

export const readInternalUrl: Reader<string> = (text) => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (
    url === undefined ||
    !/^https?:$/.test(url.protocol) ||
    url.search !== '' ||
    url.hash !== '' ||
    url.username !== ''
  ) {
    return { mistake: 'must be an http(s) URL such as http://idp:4700' }
  }
  return { value: text.replace(/\/$/, '') }
}

export const readAdminToken: Reader<string> = (text) => {
  if (!/^[\x21-\x7e]+$/.test(text) || text.length > limits.adminTokenMax) {
    return { mistake: `must be printable ASCII without spaces, at most ${limits.adminTokenMax} characters` }
  }
  return text.length < limits.adminToken
    ? { mistake: `needs at least ${limits.adminToken} characters` }
    : { value: text }
}

/** 32 bytes in base64url. */
export const readEncryptionKey: Reader<Uint8Array> = (text) => {
  const value = decodeBase64url(text)
  if (value?.length === limits.encryptionKeyBytes) return { value }
  return {
    mistake:
      'must be 32 bytes in base64url (43 characters); make one with: openssl rand -base64 32 | tr +/ -_ | tr -d =',
  }
}
