// supergateway in front of the stdio server, as its command line starts it: Streamable HTTP, without a log, which would be
// a line or two for each message. With --stateful each session has a process of its own, else each request has.
// node supergateway.ts [--stateful]
import { fileURLToPath } from 'node:url'
import { freePort } from '../../free-port.ts'

const echo = fileURLToPath(new URL('./echo-server.ts', import.meta.url))
const port = await freePort()
const url = `http://localhost:${port}/mcp`
const options = [
  '--outputTransport',
  'streamableHttp',
  '--logLevel',
  'none',
  '--port',
  `${port}`,
  ...process.argv.slice(2),
]
process.argv.splice(1, process.argv.length, 'supergateway', '--stdio', `"${process.execPath}" "${echo}"`, ...options)
await import(new URL('../../../node_modules/supergateway/dist/index.js', import.meta.url).href)
while ((await fetch(url).catch(() => undefined)) === undefined) await new Promise((resolve) => setTimeout(resolve, 50))
process.stdout.write(`${JSON.stringify({ url, method: 'POST', headers: {} })}\n`)
