import { isLoopbackHost } from '@postern/core'
import { z } from 'zod'
import { limits } from '../limits.ts'

/** Where a client's callers are sent back to. */
export const redirectUri = z
  .string()
  .max(limits.url)
  .superRefine((value, context) => {
    const message = redirectProblem(value)
    if (message !== undefined) context.addIssue({ code: 'custom', message })
  })

/** RFC 6749 §3.1.2, RFC 8252 §7 and RFC 9700 §2.1. */
function redirectProblem(value: string): string | undefined {
  if (!URL.canParse(value) || /[\s\\*]/.test(value))
    return 'write an absolute URL such as https://app.example/callback, without wildcards'
  const url = new URL(value)
  if (value.includes('#')) return 'remove the "#" and everything after it'
  if (url.username !== '' || url.password !== '') return 'remove the user name and password before the "@"'
  if (url.protocol === 'https:') return undefined
  if (url.protocol === 'http:') {
    return isLoopbackHost(url.hostname)
      ? undefined
      : 'use https://; http:// is for localhost, *.localhost, 127.0.0.0/8 and [::1] only'
  }
  return url.protocol.includes('.')
    ? undefined
    : 'use https://, or a scheme of a domain of yours such as com.example.app:/callback'
}
