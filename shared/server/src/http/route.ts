import type { MaybePromise } from '@postern/core'
import type { z } from 'zod'

export type Method = 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'

/** The names after ":" in a path. */
export type PathParams<P extends string> = P extends `${string}:${infer Name}/${infer Rest}`
  ? Record<Name, string> & PathParams<`/${Rest}`>
  : P extends `${string}:${infer Name}`
    ? Record<Name, string>
    : Record<never, never>

export interface RouteContext<Params, Body, Query> {
  readonly params: Params
  readonly body: Body
  readonly query: Query
  readonly requestId: string
  /** Aborts when the caller goes away or, for a streamed answer, when the server closes. */
  readonly signal: AbortSignal
  /** A request header; undefined when absent. */
  header(name: string): string | undefined
}

export interface RouteResult {
  /** The route's `reply.status` when absent. */
  status?: number
  /** Sent as JSON. */
  body?: unknown
  /** Sent as it comes, instead of `body`; name its media type in `headers`. */
  stream?: AsyncIterable<string>
  headers?: Record<string, string>
}

export interface RouteReply {
  status: number
  schema?: z.ZodType
  /** Further media types, for the OpenAPI document. */
  mediaTypes?: readonly string[]
}

interface RouteText {
  method: Method
  /** Below /api/v1: `/user-pools/:poolId`. */
  path: string
  /** One line for the OpenAPI document. */
  summary: string
  tag?: string
  reply: RouteReply
}

/** A route with its types forgotten: what the server works with. */
export interface Route extends RouteText {
  body?: z.ZodType
  query?: z.ZodType
  handler(context: RouteContext<Record<string, string>, unknown, unknown>): MaybePromise<RouteResult>
}

interface RouteOptions<P extends string, B extends z.ZodType, Q extends z.ZodType> extends RouteText {
  path: P
  /** An empty request body counts as `{}`. */
  body?: B
  query?: Q
  handler(context: RouteContext<PathParams<P>, z.output<B>, z.output<Q>>): MaybePromise<RouteResult>
}

/** Declares a route of the management API: what it takes, what it answers, and what it does. */
export function route<P extends string, B extends z.ZodType = z.ZodUndefined, Q extends z.ZodType = z.ZodUndefined>(
  options: RouteOptions<P, B, Q>,
): Route {
  // The one place that trusts the router: it calls a handler only with what its own path and schemas gave.
  return options as Route
}
