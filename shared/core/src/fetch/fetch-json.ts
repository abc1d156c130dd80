import { JsonProblem, parseJson } from '../json.ts'
import { limits } from '../limits.ts'
import { type GuardedFetchOptions, guardedFetch } from './guarded-fetch.ts'
import { FetchProblem } from './problem.ts'

export interface JsonAnswer {
  readonly value: unknown
  readonly headers: Headers
}

/**
 * `guardedFetch` for a JSON document: asks for JSON, takes a 2xx only and parses strictly (`parseJson`).
 * Throws `FetchProblem`, with `status` for any other status and `not_json` for what does not parse.
 */
export async function fetchJson(url: string | URL, options: GuardedFetchOptions): Promise<JsonAnswer> {
  const answer = await guardedFetch(url, { ...options, headers: { accept: 'application/json', ...options.headers } })
  const { origin, pathname } = new URL(url)
  if (answer.status < 200 || answer.status > 299) {
    throw new FetchProblem('status', `${origin}${pathname}: answered with status ${answer.status}`, answer.status)
  }
  try {
    const value = parseJson(answer.text, { maxBytes: options.maxBytes ?? limits.fetchBytes })
    return { value, headers: answer.headers }
  } catch (error) {
    const why = error instanceof JsonProblem ? error.message : 'the text is not JSON'
    throw new FetchProblem('not_json', `${origin}${pathname}: ${why}`, answer.status)
  }
}
