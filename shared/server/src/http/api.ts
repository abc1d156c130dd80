import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import type { Context } from 'koa'
import { strict, validate } from '../contract/validate.ts'
import { limits } from '../limits.ts'
import { readJson } from './body.ts'
import { fieldProblem, problem } from './problem.ts'
import type { Route, RouteResult } from './route.ts'
import { createRouter } from './router.ts'

const noQuery = strict({})

export interface Api {
  /** Answers a request whose path lies below /api/v1. */
  answer(context: Context, path: string, requestId: string): Promise<void>
  /** Ends the streams that are open. */
  endStreams(): void
}

/** Runs the routes of the management API: find, validate, call, answer. */
export function createApi(routes: readonly Route[]): Api {
  const find = createRouter(routes)
  const streams = new Set<AbortController>()
  return { answer, endStreams }

  async function answer(context: Context, path: string, requestId: string): Promise<void> {
    const match = find(context.method, path)
    if (match.found === 'nothing') problem(404, 'not_found', 'there is nothing at this path; see /api/v1/openapi.json')
    if (match.found === 'other-method') {
      const allow = match.allow.join(', ')
      problem(405, 'method_not_allowed', `this path answers ${allow} only`, [], { allow })
    }
    const { route, params } = match
    context.state['route'] = `/api/v1${route.path}`
    const query = queryOf(context.req, route)
    const body = route.body === undefined ? undefined : bodyOf(route, await readJson(context.req))
    const controller = abortWith(context)
    const header = (name: string): string | undefined => context.get(name) || undefined
    const result = await route.handler({ params, body, query, requestId, signal: controller.signal, header })
    if (result.stream === undefined) reply(context, route, result)
    else stream(context, result, result.stream, controller)
  }

  function stream(
    context: Context,
    result: RouteResult,
    source: AsyncIterable<string>,
    controller: AbortController,
  ): void {
    context.status = result.status ?? 200
    context.set(result.headers ?? {})
    if (context.method === 'HEAD') {
      controller.abort()
      context.body = ''
      return
    }
    streams.add(controller)
    context.res.once('close', () => streams.delete(controller))
    context.body = Readable.from(source)
  }

  function endStreams(): void {
    for (const controller of streams) controller.abort()
  }
}

function reply(context: Context, route: Route, result: RouteResult): void {
  context.status = result.status ?? route.reply.status
  context.set(result.headers ?? {})
  if (result.body === undefined) {
    context.body = null
    return
  }
  context.type = 'application/json'
  context.body = JSON.stringify(result.body)
}

function abortWith(context: Context): AbortController {
  const controller = new AbortController()
  context.res.once('close', () => controller.abort())
  return controller
}

function queryOf(req: IncomingMessage, route: Route): unknown {
  const { url = '' } = req
  const start = url.indexOf('?')
  const text = start === -1 ? '' : url.slice(start + 1)
  if (text.length > limits.queryString) problem(400, 'invalid_request', 'the query is too long; shorten it')
  const values: Record<string, string> = {}
  for (const [name, value] of new URLSearchParams(text)) {
    if (Object.hasOwn(values, name)) {
      fieldProblem([{ field: name.slice(0, 64), code: 'invalid', message: 'occurs twice in the query; send it once' }])
    }
    Object.defineProperty(values, name, { value, enumerable: true, configurable: true, writable: true })
  }
  const checked = validate(route.query ?? noQuery, values)
  return checked.ok ? checked.value : fieldProblem(checked.errors)
}

function bodyOf(route: Route, value: unknown): unknown {
  if (route.body === undefined) return undefined
  const checked = validate(route.body, value)
  return checked.ok ? checked.value : fieldProblem(checked.errors)
}
