import { z } from 'zod'
import { limits } from '../limits.ts'
import { discoveryUrl } from './authorizer.ts'
import { fetchUrl, resourceId, scopeList } from './scalars.ts'
import { type FieldError, strict, withRules } from './validate.ts'

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

const oneLine = z
  .string()
  .min(1)
  .max(limits.headerValue)
  .regex(/^[^\p{Cc}]*$/u, 'must not hold control characters')

/** Whom the gateway is to a backend: it fetches a token of its own by client credentials. */
export const backendOauth = withRules(
  strict({
    tokenUrl: fetchUrl.exactOptional(),
    discoveryUrl: discoveryUrl.exactOptional(),
    clientId: oneLine.max(limits.claimText),
    clientSecret: oneLine,
    scopes: scopeList.exactOptional(),
    resource: resourceId.exactOptional(),
  }),
  ({ tokenUrl, discoveryUrl: metadata }): FieldError[] => {
    if (tokenUrl === undefined && metadata === undefined) {
      return [{ field: 'tokenUrl', code: 'required', message: 'give tokenUrl or discoveryUrl' }]
    }
    if (tokenUrl === undefined || metadata === undefined) return []
    return [{ field: 'discoveryUrl', code: 'invalid', message: 'give tokenUrl or discoveryUrl, not both' }]
  },
)

/** One credential, not two. */
function oneCredential(value: { headers?: Record<string, string>; oauth?: unknown }): FieldError[] {
  const name = Object.keys(value.headers ?? {}).find((header) => header.toLowerCase() === 'authorization')
  if (name === undefined || value.oauth === undefined) return []
  const message = 'the token that oauth fetches goes there; remove this header, or oauth'
  return [{ field: `headers.${name}`, code: 'invalid', message }]
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
export const httpBackend = withRules(
  strict({
    type: z.literal('http'),
    url: fetchUrl,
    headers: headers.exactOptional(),
    oauth: backendOauth.exactOptional(),
  }),
  oneCredential,
).meta({ id: 'HttpBackend' })

const tooLong = `has more than ${limits.openapiDocument} characters; leave out the paths that nobody needs`

/** An API over HTTP: each operation of its OpenAPI document is a tool. */
export const openapiBackend = withRules(
  strict({
    type: z.literal('openapi'),
    document: z
      .union(
        [z.string().min(1), z.record(z.string(), z.unknown())],
        'must be an OpenAPI document: an object, its text in JSON or YAML, or that text in base64',
      )
      .refine((value) => typeof value !== 'string' || value.length <= limits.openapiDocument, tooLong),
    baseUrl: fetchUrl.exactOptional(),
    headers: headers.exactOptional(),
    oauth: backendOauth.exactOptional(),
  }),
  oneCredential,
).meta({ id: 'OpenapiBackend' })

/** The tools that Postern brings itself. */
export const builtinBackend = strict({ type: z.literal('builtin') }).meta({ id: 'BuiltinBackend' })

/** What answers behind a service. */
export const backend = z.discriminatedUnion('type', [stdioBackend, httpBackend, openapiBackend, builtinBackend])
export type Backend = z.output<typeof backend>
