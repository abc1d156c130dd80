/** Every bound of this workspace, in one place. Sizes are bytes (or characters where the text is ASCII by rule), times milliseconds. */
export const limits = {
  /** Longest bearer token that is looked at. */
  tokenLength: 16 * 1024,
  /** Longest JSON text, in UTF-8 bytes. */
  jsonBytes: 1024 * 1024,
  /** Deepest nesting of JSON objects and arrays. */
  jsonDepth: 32,
  /** Longest `scope` text. */
  scopeLength: 8 * 1024,
  /** Longest issuer, resource or other URL that is accepted. */
  urlLength: 2048,
  /** Longest WWW-Authenticate header that is parsed. */
  challengeLength: 16 * 1024,
  /** Time for one outbound request, its whole body included. */
  fetchTimeoutMs: 5000,
  /** Longest body of an outbound request's answer. */
  fetchBytes: 1024 * 1024,
} as const
