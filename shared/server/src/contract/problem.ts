import { z } from 'zod'

/** Machine codes of problem documents. */
export const problemCodes = [
  'invalid_request',
  'malformed_json',
  'invalid_cursor',
  'unauthorized',
  'forbidden',
  'not_found',
  'method_not_allowed',
  'not_acceptable',
  'conflict',
  'duplicate',
  'in_use',
  'immutable',
  'limit',
  'payload_too_large',
  'unsupported_media_type',
  'too_many_requests',
  'internal_error',
  'upstream_failed',
  'unavailable',
] as const
export type ProblemCode = (typeof problemCodes)[number]

/** RFC 9457, with what the contract adds. */
export const problemReply = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    code: z.enum(problemCodes),
    requestId: z.string(),
    errors: z.array(z.object({ field: z.string(), code: z.string(), message: z.string() })),
  })
  .meta({ id: 'Problem' })
export type ProblemReply = z.output<typeof problemReply>
