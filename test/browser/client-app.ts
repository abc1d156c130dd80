import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A client on a loopback port, as desktop applications open one: it only shows that the browser came back. */
export interface ClientApp {
  readonly origin: string
  readonly callback: string
  close(): Promise<void>
}

const page = '<!doctype html><html lang="en"><title>Client</title><h1>Back in the client</h1></html>'

/** @param onTo where its callback sends the browser on to, with the query that came, as https://vscode.dev/redirect does */
export async function openClientApp(onTo?: string): Promise<ClientApp> {
  const server = createServer(({ url = '' }, res) => {
    if (onTo !== undefined) return void res.writeHead(302, { location: onTo + URL.parse(url, onTo)?.search }).end()
    res.setHeader('content-type', 'text/html; charset=utf-8')
    res.end(page)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const origin = `http://127.0.0.1:${port}`
  return {
    origin,
    callback: `${origin}/callback`,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** The URL of an authorization request, with PKCE. */
export function authorizationUrl(issuer: string, params: Readonly<Record<string, string>>): string {
  const verifier = randomBytes(32).toString('base64url')
  const query = new URLSearchParams({
    response_type: 'code',
    state: 'abc',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...params,
  })
  return `${issuer}/auth?${query}`
}
