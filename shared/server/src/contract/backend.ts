import { z } from 'zod'
import { limits } from '../limits.ts'
import { fetchUrl } from './scalars.ts'
import { strict } from './validate.ts'

const noNul = (value: string) => !value.includes('\0')
const nulMessage = 'must not hold a NUL character'

const env = z
  .record(
    z
      .string()
      .max(limits.name)
      .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'the name of a variable is of letters, digits and "_"'),
    z.string().max(limits.envValue).refine(noNul, nulMessage),
  )
  .refine((value) => Object.keys(value).length <= limits.env, `has more than ${limits.env} variables; remove some`)

const reservedHeaders: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'content-type',
  'accept',
  'expect',
  'host',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

const headers = z
  .record(
    z
      .string()
      .max(limits.name)
      .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'the name of a header is of letters, digits and "-"')
      .refine((name) => !isReserved(name), 'this header is set by Postern; remove it'),
    z
      .string()
      .max(limits.headerValue)
      .regex(/^[\t\x20-\x7e]*$/, 'must be printable ASCII on one line'),
  )
  .refine(
    (value) => Object.keys(value).length <= limits.headers,
    `has more than ${limits.headers} headers; remove some`,
  )

function isReserved(name: string): boolean {
  const lower = name.toLowerCase()
  return reservedHeaders.has(lower) || lower.startsWith('mcp-')
}

/** A local MCP server, spoken to over stdin and stdout. */
export const stdioBackend = strict({
  type: z.literal('stdio'),
  command: z.string().min(1).max(limits.command).refine(noNul, nulMessage),
  args: z.array(z.string().max(limits.arg).refine(noNul, nulMessage)).max(limits.args).exactOptional(),
  env: env.exactOptional(),
  cwd: z.string().min(1).max(limits.command).refine(noNul, nulMessage).exactOptional(),
}).meta({ id: 'StdioBackend' })

/** A remote MCP server, spoken to over streamable HTTP. */
export const httpBackend = strict({
  type: z.literal('http'),
  url: fetchUrl,
  headers: headers.exactOptional(),
}).meta({ id: 'HttpBackend' })

/** The tools that Postern brings itself. */
export const builtinBackend = strict({ type: z.literal('builtin') }).meta({ id: 'BuiltinBackend' })

/** What answers behind a service. */
export const backend = z.discriminatedUnion('type', [stdioBackend, httpBackend, builtinBackend])
export type Backend = z.output<typeof backend>
