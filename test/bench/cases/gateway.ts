import { load } from '../load.ts'
import type { Finding } from '../main.ts'
import { alternate, spread } from '../paired.ts'
import { type Side, startSide } from '../side.ts'

const wanted = 1.5
const connections = 16

/** Tool calls through the gateway to a stdio server, against supergateway: a session and a process for each connection. */
export async function inSessions(): Promise<Finding> {
  const { measured, reached } = await run(connections)
  const slowly = `; its default, a process for each request: ${await statelessRate()} requests/s`
  const how = `${connections} connections with a session of 2025-11-25 and a process behind it each: ours by ${connections} API keys, events on; theirs open, --stateful, without a log; the server is a small one of the official SDK; the processor time is that of the gateways alone`
  return { what: 'tool calls to a stdio server', measured: measured + slowly, wanted: `≥ ${wanted}`, reached, how }
}

/** The same in one session, so with one process: most of the machine is left to the gateways. */
export async function inOneSession(): Promise<Finding> {
  const how = 'the same by one API key in one session and with one process, to which the requests of all connections go'
  return { what: 'the same in one session', ...(await run(1)), wanted: `≥ ${wanted}`, how }
}

async function run(sessions: number): Promise<Pick<Finding, 'measured' | 'reached'>> {
  const ours = await startSide('ours', 'gateway-stdio.ts', `${sessions}`)
  const theirs = await startSide('supergateway', 'supergateway.ts', '--stateful')
  try {
    const sides = [await withSessions(ours, sessions), await withSessions(theirs, sessions)] as const
    const seen = await alternate(...sides, { rounds: 25, seconds: 1 })
    const measured = `${seen.ratio.toFixed(2)} × supergateway 4.0.0 (${spread(seen)})`
    return { measured, reached: seen.ratio >= wanted }
  } finally {
    await Promise.all([ours.close(), theirs.close()])
  }
}

async function statelessRate(): Promise<string> {
  const side = await startSide('supergateway', 'supergateway.ts')
  try {
    const { answers, seconds } = await load({ ...side, headers, body: callOf(1), holds: text }, { requests: 32 })
    return (answers / seconds).toFixed(0)
  } finally {
    await side.close()
  }
}

const headers = {
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
  'mcp-protocol-version': '2025-11-25',
}
const text = 'What is said to the echo comes back from it.'

const callOf = (id: number): string =>
  JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'echo', arguments: { text } } })

/** Opens the sessions, in which the connections then call the tool. Those that share one have ids of their own. */
async function withSessions(side: Side, sessions: number): Promise<Side> {
  const opened = Array.from({ length: sessions }, async (_, n) => {
    const own = { ...headers, ...side.each?.[n]?.headers }
    return { ...own, 'mcp-session-id': await openSession(side.url, own) }
  })
  const open = await Promise.all(opened)
  const each = Array.from({ length: connections }, (_, n) => ({
    headers: open[n % open.length] ?? {},
    body: callOf(n + 2),
  }))
  return { ...side, each, holds: text }
}

async function openSession(url: string, headers: Record<string, string>): Promise<string> {
  const post = (message: object, more: Record<string, string> = {}) => {
    const body = JSON.stringify({ jsonrpc: '2.0', ...message })
    return fetch(url, { method: 'POST', headers: { ...headers, ...more }, body })
  }
  const clientInfo = { name: 'bench', version: '1.0.0' }
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo }
  const opened = await post({ id: 1, method: 'initialize', params })
  const answer = await opened.text()
  const id = opened.headers.get('mcp-session-id')
  if (id === null || !answer.includes('"result"')) throw new Error(`${url}: no session: ${opened.status} ${answer}`)
  await (await post({ method: 'notifications/initialized' }, { 'mcp-session-id': id })).text()
  return id
}
