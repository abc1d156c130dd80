import { once } from 'node:events'
import { createServer } from 'node:net'

/** The system may give a port out again as soon as it is closed, which is before its program has started. */
const given = new Set<number>()

/** A port of the loopback address that was free a moment ago, for programs that must be told theirs; another each time. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('the system gave no free port')
  if (given.has(address.port)) return await freePort()
  given.add(address.port)
  return address.port
}
