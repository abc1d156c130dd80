import type { Reason } from './reasons.ts'

export const eventKinds = [
  'token.issued',
  'token.refused',
  'access.verified',
  'access.refused',
  'key.rotated',
  'service.state',
  'backend.state',
  'admin.changed',
] as const
export type EventKind = (typeof eventKinds)[number]

export const outcomes = ['ok', 'refused', 'error'] as const
export type Outcome = (typeof outcomes)[number]

/**
 * One decision, as it is recorded. No field ever holds a token, a secret, a key or a person's data; `arguments`, which may,
 * is there only where somebody asked for it.
 */
export interface PosternEvent {
  readonly id: string
  /** ISO 8601, UTC. */
  readonly time: string
  readonly kind: EventKind
  readonly outcome: Outcome
  readonly reason: Reason
  readonly requestId?: string
  readonly poolId?: string
  readonly clientId?: string
  /** SHA-256 of the subject, base64url. */
  readonly subjectHash?: string
  readonly resource?: string
  readonly serviceId?: string
  /** SHA-256 of the token, base64url. */
  readonly tokenHash?: string
  readonly tool?: string
  /** The name of the API key, for a caller who came with one. */
  readonly apiKeyName?: string
  /** The arguments of a tool call as JSON: cut off, and without what looks like a credential. */
  readonly arguments?: string
  /** The HTTP status that was answered. */
  readonly status?: number
  readonly durationMs?: number
}

/** What the place of the decision knows; the recorder adds id and time. */
export type EventInput = Omit<PosternEvent, 'id' | 'time'>

/** Takes events. Returns at once and never throws. */
export type EventSink = (event: EventInput) => void
