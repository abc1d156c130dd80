import { isId } from '@postern/core'

/** Where a page begins: with the how-manieth entry of which service. */
export interface Place {
  readonly serviceId: string
  readonly offset: number
}

export function encodePlace({ serviceId, offset }: Place): string {
  return Buffer.from(`${offset}.${serviceId}`).toString('base64url')
}

/** Undefined for what {@link encodePlace} has not made. */
export function decodePlace(cursor: unknown): Place | undefined {
  if (typeof cursor !== 'string' || cursor.length > 128) return undefined
  const [, offset, serviceId] = /^(\d{1,9})\.(.+)$/.exec(Buffer.from(cursor, 'base64url').toString()) ?? []
  if (offset === undefined || serviceId === undefined || !isId(serviceId)) return undefined
  return { serviceId, offset: Number(offset) }
}
