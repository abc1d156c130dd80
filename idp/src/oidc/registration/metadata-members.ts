import { limits } from '../../limits.ts'
import { Refusal } from '../refusal.ts'

/** Members of a JSON object whose values are not known yet. */
export type Metadata = Readonly<Record<string, unknown>>

/** RFC 7591 §3.2.2. */
export function metadataFault(description: string): Refusal {
  return new Refusal('invalid_request', 'invalid_client_metadata', description)
}

export function redirectFault(description: string): Refusal {
  return new Refusal('invalid_request', 'invalid_redirect_uri', description)
}

export function textIn(metadata: Metadata, member: string): string | undefined {
  const value = metadata[member]
  // Clients write null for what they have not got.
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value !== 'string') throw metadataFault(`${member}: must be a string`)
  return value
}

export function textsIn(
  metadata: Metadata,
  member: string,
  max: number,
  fault: (text: string) => Refusal,
): readonly string[] | undefined {
  const value = metadata[member]
  if (value === undefined || value === null) return undefined
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) {
    throw fault(`${member}: must be an array of strings`)
  }
  if (value.length > max) throw fault(`${member}: has more than ${max} items; remove some`)
  return value
}

/** What is only shown is left out where it is no https URL: a client that cannot connect would be worse. */
export function webPageIn(metadata: Metadata, member: string): string | undefined {
  return httpsUrl(metadata[member])
}

export function httpsUrl(value: unknown): string | undefined {
  if (typeof value !== 'string' || value.length > limits.redirectUri || !/^https:\/\/[!-~]+$/i.test(value))
    return undefined
  const url = URL.parse(value)
  return url === null || url.username !== '' || url.password !== '' || value.includes('#') ? undefined : value
}
