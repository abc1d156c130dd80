import { createServer, type RequestListener } from 'node:http'
import { announce } from './announce.ts'

/** Serves the route /mcp on a free port and tells the bench. */
export function serve(listener: RequestListener): void {
  const server = createServer(listener).listen(0, '127.0.0.1', () => {
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    announce({ url: `http://127.0.0.1:${port}/mcp`, method: 'GET', headers: {} })
  })
}
