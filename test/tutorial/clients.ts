import type { OAuthClientProvider as ModernProvider } from '@modelcontextprotocol/client'
import { Client as ModernClient, StreamableHTTPClientTransport as ModernTransport } from '@modelcontextprotocol/client'
import type { OAuthClientProvider } from '@modelcontextprotocol/sdk/client/auth.js'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'

const info = { name: 'tutorial', version: '1.0.0' }

/** How a caller proves itself: a bearer of its own, or a provider of the SDK that fetches one. */
export type Credential<P> = { readonly bearer?: string; readonly provider?: P }

/** A connected client reduced to what the tutorial asks of it. */
export interface Connected {
  tools(): Promise<string[]>
  call(name: string, args: Record<string, unknown>): Promise<string>
  close(): Promise<void>
}

const headersOf = (bearer: string | undefined) =>
  bearer === undefined ? {} : { requestInit: { headers: { authorization: `Bearer ${bearer}` } } }

const textOf = (result: unknown): string => {
  const { content } = result as { content: { type: string; text?: string }[] }
  return content.map((part) => part.text ?? '').join('\n')
}

/** The SDK's first generation: protocol 2025-11-25. */
export async function connectV1(
  url: string,
  { bearer, provider }: Credential<OAuthClientProvider>,
): Promise<Connected> {
  const client = new Client(info)
  const transport = new StreamableHTTPClientTransport(new URL(url), {
    ...headersOf(bearer),
    ...(provider ? { authProvider: provider } : {}),
  })
  // The SDK's own transport class is not assignable to its interface under exactOptionalPropertyTypes.
  await client.connect(transport as Parameters<typeof client.connect>[0])
  return {
    tools: async () => (await client.listTools()).tools.map((tool) => tool.name),
    call: async (name, args) => textOf(await client.callTool({ name, arguments: args })),
    close: () => client.close(),
  }
}

/** The SDK's second generation, by default (2025-11-25) or pinned to a protocol revision. */
export async function connectV2(
  url: string,
  { bearer, provider }: Credential<ModernProvider>,
  pin?: string,
): Promise<Connected> {
  const client = new ModernClient(info, pin === undefined ? {} : { versionNegotiation: { mode: { pin } } })
  const transport = new ModernTransport(new URL(url), {
    ...headersOf(bearer),
    ...(provider ? { authProvider: provider } : {}),
  })
  await client.connect(transport)
  return {
    tools: async () => (await client.listTools()).tools.map((tool) => tool.name),
    call: async (name, args) => textOf(await client.callTool({ name, arguments: args })),
    close: () => client.close(),
  }
}
