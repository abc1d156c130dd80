import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startGateway } from '@postern/gateway/testing'
import { serverFlags } from '@postern/server'
import { freePort } from '../../free-port.ts'
import type { Finding } from '../main.ts'

const [perKind, wantedMb, settleMs] = [25, 150, 30_000]

/** A hundred services of all kinds that nobody calls, in a gateway that is a process of its own. */
export async function run(): Promise<Finding> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-bench-'))
  await using upstream = await startUpstream()
  const url = `http://localhost:${await freePort()}`
  const gateway = startProcess(folder, new URL(url).port)
  try {
    const api = await Promise.race([apiOf(url, folder), gateway.failed])
    const empty = await residentMb(gateway.child)
    const backends = [stdio, { type: 'builtin' }, upstream.backend, openapi(upstream.backend.url)]
    const made = backends.flatMap((backend, kind) =>
      Array.from({ length: perKind }, (_, n) => makeService(api, `kind-${kind}-${n}`, backend)),
    )
    const keys = await Promise.all(made)
    await untilReady(api, keys.length)
    // Processes that were checked have ended; one of each other kind's calls leaves what calls leave.
    for (const { id, key } of keys.slice(perKind)) await listTools(`${url}/${id}`, key)
    await new Promise((resolve) => setTimeout(resolve, settleMs))
    const idle = await residentMb(gateway.child)
    return {
      what: `${keys.length} services, idle`,
      measured: `${idle.toFixed(0)} MB resident (${empty.toFixed(0)} MB just after its start, without a service)`,
      wanted: `≤ ${wantedMb} MB`,
      reached: idle <= wantedMb,
      how: `the gateway alone, a process started as \`postern serve\` and the image start it: ${perKind} each of stdio (checked, then ended), http, openapi (20 operations) and builtin, with an API key each; all Ready, all but stdio called once, then left alone for ${settleMs / 1000} s, in which V8 gives back what it does not need`,
    }
  } finally {
    gateway.child.kill('SIGTERM')
    await gateway.exited
    await rm(folder, { recursive: true, force: true })
  }
}

const echo = fileURLToPath(new URL('../sides/echo-server.ts', import.meta.url))
const stdio = { type: 'stdio', command: process.execPath, args: [echo] }

function openapi(baseUrl: string) {
  const parameters = [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }]
  const paths = Array.from({ length: 20 }, (_, n) => [
    `/things-${n}/{id}`,
    { get: { operationId: `getThing${n}`, summary: 'Gets a thing by its id', parameters, responses: {} } },
  ])
  const document = { openapi: '3.0.3', info: { title: 'things', version: '1' }, paths: Object.fromEntries(paths) }
  return { type: 'openapi', document, baseUrl }
}

/** An MCP server over HTTP, outside the process that is measured. */
async function startUpstream() {
  const gateway = await startGateway()
  const authorizers = [{ type: 'ApiKey' as const, apiKeys: [{ name: 'downstream' }] }]
  const service = { name: 'upstream', path: '/mcp', backend: { type: 'builtin' as const }, authorizers }
  const { url, apiKeys } = await gateway.createService(service)
  const headers = { authorization: `Bearer ${apiKeys[0]?.key}` }
  return { backend: { type: 'http', url, headers }, [Symbol.asyncDispose]: gateway.close }
}

function startProcess(folder: string, port: string) {
  const main = fileURLToPath(import.meta.resolve('@postern/gateway/main'))
  const env = {
    PATH: process.env['PATH'],
    NODE_ENV: 'production',
    POSTERN_DATA_DIR: folder,
    POSTERN_GATEWAY_PORT: port,
    POSTERN_LOG_LEVEL: 'error',
  }
  const child = spawn(process.execPath, [...serverFlags.gateway, main], { stdio: ['ignore', 'ignore', 'inherit'], env })
  const exited = once(child, 'exit')
  const failed = exited.then(([code]): never => {
    throw new Error(`the gateway ended with ${code}`)
  })
  failed.catch(() => {})
  return { child, exited, failed }
}

type Api = (method: 'GET' | 'POST', path: string, body?: object) => Promise<Answer>
interface Answer {
  readonly id: string
  readonly status: string
  readonly statusReason?: string
  readonly authorizers: readonly { readonly apiKeys?: readonly { readonly key: string }[] }[]
  readonly items: readonly Answer[]
}

async function apiOf(url: string, folder: string): Promise<Api> {
  for (let tries = 0; !(await fetch(`${url}/readyz`).catch(() => undefined))?.ok; tries += 1) {
    if (tries === 300) throw new Error(`${url} is not ready`)
    await new Promise((done) => setTimeout(done, 100))
  }
  const token = (await readFile(join(folder, 'admin-token'), 'utf8')).trim()
  return async (method, path, body) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    const text = body === undefined ? {} : { body: JSON.stringify(body) }
    const response = await fetch(`${url}/api/v1${path}`, { method, headers, ...text })
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
    return (await response.json()) as Answer
  }
}

async function makeService(api: Api, id: string, backend: object): Promise<{ id: string; key: string }> {
  const authorizers = [{ type: 'ApiKey', apiKeys: [{ name: 'bench' }] }]
  const made = await api('POST', '/mcp-services', { id, name: id, path: `/${id}`, backend, authorizers })
  return { id, key: made.authorizers[0]?.apiKeys?.[0]?.key ?? '' }
}

async function untilReady(api: Api, count: number): Promise<void> {
  for (;;) {
    const { items } = await api('GET', '/mcp-services?limit=100')
    const failed = items.find(({ status }) => status === 'CreateFailed')
    if (failed !== undefined) throw new Error(`${failed.id}: ${failed.statusReason}`)
    if (items.filter(({ status }) => status === 'Ready').length === count) return
    await new Promise((done) => setTimeout(done, 500))
  }
}

async function listTools(url: string, key: string): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
  })
  const text = await response.text()
  if (!text.includes('"tools"')) throw new Error(`${url}: ${response.status} ${text}`)
}

/** From Linux's /proc; NaN elsewhere. */
async function residentMb({ pid }: ChildProcess): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? Number.NaN) / 1024
}
