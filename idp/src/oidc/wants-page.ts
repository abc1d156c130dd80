import type { IncomingMessage } from 'node:http'
import { poolPaths } from '../directory/urls.ts'

/** Where a person's browser sends forms. What else is posted comes from programs, and their answers are JSON by their RFCs. */
const formPaths: ReadonlySet<string> = new Set([
  poolPaths.authorization,
  poolPaths.device,
  poolPaths.endSession,
  `${poolPaths.endSession}/confirm`,
])

/** Is a refusal read by a person, whose browser would show JSON as it is? Programs that take anything get JSON. */
export function wantsPage({ method, headers }: IncomingMessage, path: string | undefined): boolean {
  const isRead = method === 'GET' || method === 'HEAD'
  if (!isRead && !(path !== undefined && formPaths.has(path))) return false
  return prefersHtml(headers.accept ?? '')
}

/** RFC 9110 §12.5.1: the higher weight wins, and of equal weights what is named more exactly. */
function prefersHtml(accept: string): boolean {
  const ranges = accept.slice(0, longest).toLowerCase().split(',').map(readRange)
  const html = best(ranges, ['text/html', 'text/*', '*/*'])
  const json = best(ranges, ['application/json', 'application/*', '*/*'])
  return html.weight > json.weight || (html.weight > 0 && html.weight === json.weight && html.rank < json.rank)
}

/** Browsers send some 150 characters. */
const longest = 1000

interface Range {
  readonly type: string
  readonly weight: number
}

function readRange(text: string): Range {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim())
  const weight = parameters.map((one) => /^q=([01](?:\.\d{0,3})?)$/.exec(one)?.[1]).find(Boolean)
  return { type, weight: Number(weight ?? 1) }
}

function best(ranges: readonly Range[], names: readonly string[]): { readonly weight: number; readonly rank: number } {
  for (const [rank, name] of names.entries()) {
    const found = ranges.find(({ type }) => type === name)
    if (found !== undefined) return { weight: found.weight, rank }
  }
  return { weight: 0, rank: names.length }
}
