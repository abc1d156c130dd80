import { get, type IncomingMessage } from 'node:http'
import { get as getSecurely } from 'node:https'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import type { Settings } from '@postern/server'
import { Failure } from './failure.ts'

const startMs = 60_000
const betweenMs = 50

/**
 * Waits until a server answers 200 at /readyz; gives up silently when `signal` aborts.
 * @throws Failure `failed` with what it said last, after a minute.
 */
export async function untilReady(
  settings: Pick<Settings, 'host' | 'port' | 'role' | 'tls'>,
  signal: AbortSignal,
): Promise<void> {
  const scheme = settings.tls === undefined ? 'http' : 'https'
  const url = `${scheme}://${reachableHost(settings.host)}:${settings.port}/readyz`
  const deadline = performance.now() + startMs
  let last = 'no answer'
  while (!signal.aborted) {
    const answer = await ask(url, signal).catch(() => undefined)
    last = answer?.text.slice(0, 500) ?? last
    if (answer?.status === 200) return
    if (performance.now() > deadline) {
      throw new Failure('failed', `The ${settings.role} was not ready within ${startMs / 1000} s; ${url} said: ${last}`)
    }
    await delay(betweenMs, undefined, { signal }).catch(() => {})
  }
}

/** Asks by an address, which a certificate need not name: no more is learned than that somebody is ready. */
async function ask(url: string, signal: AbortSignal): Promise<{ status: number | undefined; text: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const request = url.startsWith('https:')
    ? getSecurely(url, { signal, agent: false, rejectUnauthorized: false }, resolve)
    : get(url, { signal, agent: false }, resolve)
  request.on('error', reject)
  const response = await promise
  return { status: response.statusCode, text: await text(response) }
}

/** An address at which a server that listens on `host` can be reached from here. */
function reachableHost(host: string | undefined): string {
  if (host === undefined || host === '0.0.0.0' || host === '::') return '127.0.0.1'
  return host.includes(':') ? `[${host}]` : host
}
