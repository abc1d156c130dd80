/** `any`: wherever the URL leads. `public-only`: no address that is not reachable from everywhere (SSRF). */
export type Network = 'any' | 'public-only'

export interface DialRequest {
  readonly method: string
  readonly headers: Headers
  readonly body: string | undefined
  readonly signal: AbortSignal
  readonly network: Network
  /** Nobody waits for the answer: it keeps no process alive, where the platform can do that. */
  readonly background?: boolean | undefined
}

/** Sends one request and follows no redirect. Rejects with `FetchProblem` `blocked` where the address is not allowed. */
export type Dial = (url: URL, request: DialRequest) => Promise<Response>
