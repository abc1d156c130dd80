import { z } from 'zod'
import { limits } from '../limits.ts'
import { claims } from './authorizer.ts'
import { repeats } from './repeats.ts'
import { name, scopeToken, text } from './scalars.ts'
import { type FieldError, strict, withRules } from './validate.ts'

/** At least one, none twice. An empty list would say nothing, or "nobody": too easy to mean the other. */
function some<S extends z.ZodType>(item: S, max: number) {
  return withRules(z.array(item).min(1).max(max), (values) =>
    repeats(
      values,
      (value) => value,
      '',
      (first) => `is the same as ${first}; remove one`,
    ),
  )
}

const askable = scopeToken.refine(
  (scope) => scope !== 'openid' && scope !== 'offline_access',
  'is never asked of a client, so nothing can need it; remove it',
)

/**
 * Who may call the tools that it names: whoever meets all of its parts. Names are compared as they are written.
 * `*` is every tool.
 */
export const accessRule = withRules(
  strict({
    tools: some(text(limits.accessTool), limits.accessTools),
    scopes: some(askable, limits.scopes).exactOptional(),
    clients: some(name, limits.accessNames).exactOptional(),
    groups: some(name, limits.accessNames).exactOptional(),
    claims: claims.refine((rules) => Object.keys(rules).length > 0, 'must not be empty').exactOptional(),
    apiKeys: some(name, limits.accessNames).exactOptional(),
  }),
  oneKindOfCaller,
).meta({ id: 'AccessRule' })
export type AccessRule = z.output<typeof accessRule>

interface Parts {
  apiKeys?: unknown
  clients?: unknown
  groups?: unknown
  claims?: unknown
}

function oneKindOfCaller({ apiKeys, ...ofTokens }: Parts): FieldError[] {
  if (apiKeys === undefined) return []
  return (['clients', 'groups', 'claims'] as const)
    .filter((part) => ofTokens[part] !== undefined)
    .map((part) => ({
      field: part,
      code: 'invalid',
      message: `is of tokens, and apiKeys of keys, so nobody could meet both; write two rules, or remove ${part}`,
    }))
}

export const accessModes = ['enforce', 'dryRun'] as const

/** Who may do what on a service. Without rules everybody who is let in may call every tool. */
export const access = strict({
  mode: z.enum(accessModes).exactOptional(),
  rules: z.array(accessRule).min(1).max(limits.accessRules).exactOptional(),
  limits: strict({
    requestsPerMinute: z.number().int().min(1).max(limits.requestsPerMinuteMax).exactOptional(),
    concurrent: z.number().int().min(1).max(limits.concurrentMax).exactOptional(),
  }).exactOptional(),
  audit: strict({ arguments: z.boolean().exactOptional() }).exactOptional(),
}).meta({ id: 'Access' })
export type Access = z.output<typeof access>

/** The scopes that a service may ask for: those that everybody needs, and those that rules name, each once. */
export function scopesAskedFor(
  required: readonly string[] = [],
  rules: readonly { readonly scopes?: readonly string[] }[] = [],
): string[] {
  return [...new Set([...required, ...rules.flatMap(({ scopes = [] }) => scopes)])]
}

/** What it takes to call a tool: one of `anyOf`, in all its parts. */
const needs = z
  .object({
    scopes: z.array(z.string()).exactOptional(),
    clients: z.array(z.string()).exactOptional(),
    groups: z.array(z.string()).exactOptional(),
    claims: z.record(z.string(), z.unknown()).exactOptional(),
  })
  .meta({ id: 'AccessNeeds' })

const cell = z
  .object({
    tool: z.string(),
    allowed: z.enum(['yes', 'no', 'needs']),
    anyOf: z.array(needs).exactOptional().meta({ description: 'With "needs": what a caller must have besides.' }),
  })
  .meta({ id: 'AccessCell' })
export type AccessCell = z.output<typeof cell>

/** Answer of GET /mcp-services/{id}/access: callers and tools. */
export const accessReply = z
  .object({
    serviceId: z.string(),
    mode: z.enum(accessModes),
    limits: z.object({ requestsPerMinute: z.number().exactOptional(), concurrent: z.number().exactOptional() }),
    tools: z.array(z.string()),
    toolsFrom: z.enum(['backend', 'rules']).meta({
      description: '"rules": the backend could not be asked, and these are the tools that rules and keys name.',
    }),
    callers: z.array(
      z.object({
        kind: z.enum(['apiKey', 'client', 'group', 'token']),
        name: z.string(),
        tools: z.array(cell),
      }),
    ),
    warnings: z.array(z.string()),
  })
  .meta({ id: 'AccessMatrix' })
export type AccessReply = z.output<typeof accessReply>
