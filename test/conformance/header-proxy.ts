import { createServer, request } from 'node:http'

export interface HeaderProxy {
  readonly url: string
  close(): Promise<void>
}

/** Passes everything on to a URL, with an Authorization header. Host and Origin stay as they are: the suite looks at them. */
export async function startHeaderProxy(target: string, authorization: string): Promise<HeaderProxy> {
  const { port: targetPort, hostname, pathname } = new URL(target)
  const server = createServer((req, res) => {
    const { method, headers, url } = req
    const onward = request(
      { host: hostname, port: targetPort, path: url, method, headers: { ...headers, authorization } },
      (answer) => {
        res.writeHead(answer.statusCode ?? 502, answer.headers)
        res.flushHeaders()
        answer.pipe(res)
      },
    )
    onward.on('error', () => res.destroy())
    res.on('close', () => onward.destroy())
    req.pipe(onward)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}${pathname}`,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
