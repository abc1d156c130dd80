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
  settings: Pick<Settings, 'host' | 'port' | 'role'>,
  signal: AbortSignal,
): Promise<void> {
  const url = `http://${reachableHost(settings.host)}:${settings.port}/readyz`
  const deadline = performance.now() + startMs
  let last = 'no answer'
  while (!signal.aborted) {
    const response = await fetch(url, { signal }).catch(() => undefined)
    last = response ? (await response.text().catch(() => '')).slice(0, 500) : last
    if (response?.ok) return
    if (performance.now() > deadline) {
      throw new Failure('failed', `The ${settings.role} was not ready within ${startMs / 1000} s; ${url} said: ${last}`)
    }
    await delay(betweenMs, undefined, { signal }).catch(() => {})
  }
}

/** An address at which a server that listens on `host` can be reached from here. */
function reachableHost(host: string | undefined): string {
  if (host === undefined || host === '0.0.0.0' || host === '::') return '127.0.0.1'
  return host.includes(':') ? `[${host}]` : host
}
