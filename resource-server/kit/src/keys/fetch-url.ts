import { isLoopbackHost } from '@postern/core'

/** What is wrong with an URL to fetch from, as a mend; undefined where nothing is. */
export function fetchUrlProblem(text: string): string | undefined {
  if (!URL.canParse(text)) return 'must be an absolute URL such as https://as.example/jwks'
  const url = new URL(text)
  if (url.username !== '' || url.password !== '') return 'remove the user name and password before the "@"'
  if (text.includes('#')) return 'remove the "#" and everything after it'
  if (url.protocol === 'http:' && !isLoopbackHost(url.hostname))
    return 'use https://; http:// is for loopback hosts only'
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'use an https:// URL'
  return undefined
}
