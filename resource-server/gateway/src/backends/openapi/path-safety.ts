import { isJsonObject, type Json } from '../json-rpc.ts'
import { ArgumentProblem, plainText } from './encode.ts'

/**
 * A value for a path never leads out of its place: not as it is, nor as somebody on the way may decode it.
 * @throws ArgumentProblem
 */
export function checkPathValue(value: Json): void {
  const texts = partsOf(value)
  if (texts.length === 0 || texts.includes(''))
    throw new ArgumentProblem('is part of a path and cannot be empty; give it')
  for (const text of texts) {
    if (/\p{Cc}/u.test(text))
      throw new ArgumentProblem('is part of a path and holds no control characters; remove them')
    if (decodings(text).some(climbs)) {
      throw new ArgumentProblem('is part of a path and cannot have "." or ".." as a segment; give another value')
    }
  }
}

/**
 * The last look at a URL: nothing in it has been taken for a dot segment or for another host.
 * @throws ArgumentProblem
 */
export function checkSegments(url: URL, base: URL, path: string): void {
  const isBelow = url.origin === base.origin && url.pathname.startsWith(base.pathname.replace(/\/$/, ''))
  const asWritten = url.pathname.split('/').length === path.split('/').length
  if (!isBelow || !asWritten || path.split('/').some((part) => climbs(decoded(part)))) {
    throw new ArgumentProblem('the arguments make no path below that of the API; give others')
  }
}

function partsOf(value: Json): string[] {
  if (Array.isArray(value)) return value.map((item: Json) => plainText(item))
  if (isJsonObject(value)) return Object.entries(value).flatMap(([name, item]) => [name, plainText(item)])
  return [plainText(value)]
}

function decodings(text: string): string[] {
  const once = decoded(text)
  return [text, once, decoded(once)]
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Some servers take a backslash for a slash, and forget what follows a semicolon. */
function climbs(text: string): boolean {
  return text.split(/[\\/]/).some((part) => /^\.\.?(;|$)/.test(part))
}
