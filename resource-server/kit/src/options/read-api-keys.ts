import { limits } from '../limits.ts'
import { type ApiKeyRecord, type ApiKeyStore, isGrant, listStore } from '../tokens/api-key.ts'
import { ConfigError } from './config-error.ts'
import { isRecord, readRecord } from './fields.ts'

const digest = /^[A-Za-z0-9_-]{43}$/

/** Reads `apiKeys`: a store with `find`, or a list of records, which becomes one. */
export function readApiKeys(value: unknown): ApiKeyStore | undefined {
  if (value === undefined) return undefined
  if (Array.isArray(value)) return listStore(readRecords(value))
  if (!isStore(value)) {
    throw new ConfigError('apiKeys', 'must be a list of { id, name, hash } or an object with a function find(keyHash)')
  }
  return value
}

function isStore(value: unknown): value is ApiKeyStore {
  return isRecord(value) && typeof value['find'] === 'function'
}

function readRecords(list: readonly unknown[]): ApiKeyRecord[] {
  if (list.length > limits.apiKeys) {
    throw new ConfigError(
      'apiKeys',
      `has more than ${limits.apiKeys} entries; give an object with a function find(keyHash)`,
    )
  }
  const records = list.map((item, index) => readApiKey(item, `apiKeys[${index}]`))
  for (const member of ['id', 'hash'] as const) {
    const seen = new Set<string>()
    for (const [index, record] of records.entries()) {
      if (seen.has(record[member])) throw new ConfigError(`apiKeys[${index}].${member}`, 'is there twice')
      seen.add(record[member])
    }
  }
  return records
}

function readApiKey(item: unknown, path: string): ApiKeyRecord {
  const record = readRecord(item, path, ['id', 'name', 'hash', 'scopes', 'expiresAt', 'tools'])
  if (typeof record['hash'] !== 'string' || !digest.test(record['hash'])) {
    throw new ConfigError(
      `${path}.hash`,
      'must be the SHA-256 of the key as base64url, 43 characters, not the key itself',
    )
  }
  if (!isGrant(record)) {
    throw new ConfigError(
      path,
      'must have an id and a name; scopes and tools are lists of strings, expiresAt is seconds',
    )
  }
  return { ...record, hash: record['hash'] }
}
