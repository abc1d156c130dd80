import { didYouMean } from '@postern/server'
import type { AccessRule, ApiKey, Authorizer, JwtAuthorizer, ServiceAccess } from '../types.ts'

/** What a caller must have besides; a part that is absent is met already. */
export interface Needs {
  readonly scopes?: readonly string[]
  readonly clients?: readonly string[]
  readonly groups?: readonly string[]
  readonly claims?: AccessRule['claims']
}

export interface Cell {
  readonly tool: string
  readonly allowed: 'yes' | 'no' | 'needs'
  /** One of these is needed. */
  readonly anyOf?: readonly Needs[]
}

/** Somebody that the gateway knows of. A `token` is any that the service takes and that is not told apart any more. */
export interface MatrixCaller {
  readonly kind: 'apiKey' | 'client' | 'group' | 'token'
  readonly name: string
  readonly tools: readonly Cell[]
}

export interface MatrixInput {
  readonly access: ServiceAccess | undefined
  readonly authorizers: readonly Authorizer[]
  readonly keys: readonly ApiKey[]
  readonly tools: readonly string[]
}

interface Known {
  readonly kind: MatrixCaller['kind']
  readonly name: string
  /** The tools of an API key. */
  readonly tools?: readonly string[]
  readonly scopes?: readonly string[]
}

/** Who may call what, as far as it can be told before anybody calls. */
export function accessMatrix({ access, authorizers, keys, tools }: MatrixInput): readonly MatrixCaller[] {
  const rules = access?.rules
  return callersOf(authorizers, keys, rules).map((caller) => ({
    kind: caller.kind,
    name: caller.name,
    tools: tools.map((tool) => cellOf(tool, caller, rules)),
  }))
}

function callersOf(
  authorizers: readonly Authorizer[],
  keys: readonly ApiKey[],
  rules: readonly AccessRule[] = [],
): readonly Known[] {
  const jwt = authorizers.find((one) => one.type === 'CustomJWT')
  const required = jwt?.requiredScopes ?? []
  const ofKeys = keys.map(({ name, tools, scopes }): Known => {
    return { kind: 'apiKey', name, ...(tools === undefined ? {} : { tools }), scopes: scopes ?? required }
  })
  if (jwt === undefined) return ofKeys
  const known = (kind: Known['kind'], names: Iterable<string>) =>
    [...names].map((name): Known => ({ kind, name, scopes: required }))
  const clients = new Set([...(jwt.allowedClients ?? []), ...rules.flatMap((rule) => rule.clients ?? [])])
  const groups = new Set(rules.flatMap((rule) => rule.groups ?? []))
  const others = isClosed(jwt) ? [] : ['any other']
  return [
    ...ofKeys,
    ...known(
      'client',
      [...clients].filter((client) => !isClosed(jwt) || jwt.allowedClients?.includes(client)),
    ),
    ...known('group', groups),
    ...known('token', others),
  ]
}

/** Are the clients that may come in listed? */
function isClosed({ allowedClients = [] }: JwtAuthorizer): boolean {
  return allowedClients.length > 0
}

function cellOf(tool: string, caller: Known, rules: readonly AccessRule[] | undefined): Cell {
  if (caller.tools !== undefined && !caller.tools.includes(tool)) return { tool, allowed: 'no' }
  if (rules === undefined) return { tool, allowed: 'yes' }
  const naming = rules.filter(({ tools }) => tools.includes(tool) || tools.includes('*'))
  const ways = naming.flatMap((rule) => needsOf(rule, caller) ?? [])
  if (ways.some((needs) => Object.keys(needs).length === 0)) return { tool, allowed: 'yes' }
  return ways.length === 0 ? { tool, allowed: 'no' } : { tool, allowed: 'needs', anyOf: ways }
}

/** What a rule asks of a caller besides; undefined: the caller never meets it. */
function needsOf(rule: AccessRule, caller: Known): Needs | undefined {
  const missing = rule.scopes?.filter((scope) => !caller.scopes?.includes(scope)) ?? []
  const more = missing.length === 0 ? {} : { scopes: missing }
  const rest = caller.kind === 'apiKey' ? restForKey(rule, caller) : restForToken(rule, caller)
  return rest && { ...more, ...rest }
}

function restForKey({ apiKeys, clients, groups, claims }: AccessRule, { name }: Known): Needs | undefined {
  const isForTokens = clients !== undefined || groups !== undefined || claims !== undefined
  return isForTokens || apiKeys?.includes(name) === false ? undefined : {}
}

function restForToken({ apiKeys, clients, groups, claims }: AccessRule, { kind, name }: Known): Needs | undefined {
  if (apiKeys !== undefined) return undefined
  if (kind === 'client' && clients?.includes(name) === false) return undefined
  if (kind === 'group' && groups?.includes(name) === false) return undefined
  return {
    ...(clients === undefined || kind === 'client' ? {} : { clients }),
    ...(groups === undefined || kind === 'group' ? {} : { groups }),
    ...(claims === undefined ? {} : { claims }),
  }
}

/** Tools that rules and keys name: what there is to show while the backend cannot be asked. */
export function namedTools({ access, keys }: Pick<MatrixInput, 'access' | 'keys'>): readonly string[] {
  const named = [...(access?.rules ?? []), ...keys].flatMap(({ tools = [] }) => tools)
  return [...new Set(named)].filter((tool) => tool !== '*')
}

/** What in the rules most probably is a slip: names that nothing has. */
export function accessWarnings(input: MatrixInput, toolsAreKnown: boolean): readonly string[] {
  const { access, authorizers, keys, tools } = input
  const jwt = authorizers.find((one) => one.type === 'CustomJWT')
  return (access?.rules ?? []).flatMap((rule, index) => {
    const place = `access.rules[${index}]`
    const unknownTools = toolsAreKnown ? rule.tools.filter((tool) => tool !== '*' && !tools.includes(tool)) : []
    const keyNames = keys.map(({ name }) => name)
    const unknownKeys = rule.apiKeys?.filter((name) => !keyNames.includes(name)) ?? []
    const isForTokens = rule.clients !== undefined || rule.groups !== undefined || rule.claims !== undefined
    return [
      ...unknownTools.map((tool) => `${place}: the backend has no tool "${tool}"${didYouMean(tool, tools)}`),
      ...unknownKeys.map((name) => `${place}: the service has no API key "${name}"${didYouMean(name, keyNames)}`),
      ...shutOut(rule, jwt).map(
        (client) => `${place}: client "${client}" is not among allowedClients, so it never gets in`,
      ),
      ...(isForTokens && jwt === undefined
        ? [
            `${place}: is about tokens, and the service takes API keys alone; add a CustomJWT authorizer, or use apiKeys`,
          ]
        : []),
    ]
  })
}

function shutOut({ clients = [] }: AccessRule, jwt: JwtAuthorizer | undefined): readonly string[] {
  return jwt !== undefined && isClosed(jwt) ? clients.filter((client) => !jwt.allowedClients?.includes(client)) : []
}
