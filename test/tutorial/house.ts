import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '../free-port.ts'

/** Both servers as processes of their own over one data folder, as `postern serve` runs them. */
export interface House {
  readonly idpUrl: string
  readonly gatewayUrl: string
  /** Calls a management API; throws where the status is not `expected`. */
  call(origin: string, method: string, path: string, body?: unknown, expected?: number): Promise<Answer>
  /** Ends both with `signal` and starts them again on the same ports and data. */
  restart(signal?: NodeJS.Signals): Promise<void>
  close(): Promise<void>
}

export interface Answer {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what the wire carries, shapes are what it asserts
  readonly body: any
}

const adminToken = 'tutorial-admin-token-of-this-test-run-alone'
const mains = ['@postern/idp/main', '@postern/gateway/main']

export async function startHouse(): Promise<House> {
  const data = await mkdtemp(join(tmpdir(), 'postern-tutorial-'))
  const [idpPort, gatewayPort] = await Promise.all([freePort(), freePort()])
  const idpUrl = `http://localhost:${idpPort}`
  const gatewayUrl = `http://localhost:${gatewayPort}`
  const env = {
    ...process.env,
    POSTERN_DATA_DIR: data,
    POSTERN_IDP_PORT: String(idpPort),
    POSTERN_GATEWAY_PORT: String(gatewayPort),
    POSTERN_IDP_URL: idpUrl,
    POSTERN_GATEWAY_URL: gatewayUrl,
    POSTERN_ADMIN_TOKEN: adminToken,
    POSTERN_LOG_LEVEL: 'warn',
    NODE_NO_WARNINGS: '1',
  }
  const start = async (): Promise<ChildProcess[]> => {
    const children = mains.map((main) =>
      spawn(process.execPath, [fileURLToPath(import.meta.resolve(main))], {
        env,
        stdio: ['ignore', 'inherit', 'inherit'],
      }),
    )
    await Promise.all([ready(idpUrl, children[0]), ready(gatewayUrl, children[1])])
    return children
  }
  let children = await start()
  const end = async (signal: NodeJS.Signals) => {
    await Promise.all(children.map((child) => stop(child, signal)))
  }
  return {
    idpUrl,
    gatewayUrl,
    call,
    async restart(signal = 'SIGTERM') {
      await end(signal)
      children = await start()
    },
    async close() {
      await end('SIGTERM')
      await rm(data, { recursive: true, force: true })
    },
  }
}

async function call(origin: string, method: string, path: string, body?: unknown, expected?: number): Promise<Answer> {
  const response = await fetch(`${origin}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  if (expected !== undefined && response.status !== expected) {
    throw new Error(`${method} ${path} answered ${response.status}, not ${expected}: ${text}`)
  }
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text) }
}

async function ready(origin: string, child: ChildProcess | undefined): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt++) {
    if (child?.exitCode != null) throw new Error(`a server ended with ${child.exitCode} before it was ready`)
    const response = await fetch(`${origin}/readyz`).catch(() => undefined)
    await response?.arrayBuffer()
    if (response?.ok) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`${origin} was not ready within 30 s`)
}

async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill(signal)
  await once(child, 'exit')
}
