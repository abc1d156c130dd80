import { limits } from '../limits.ts'
import { ConfigError } from '../options/config-error.ts'
import { isRecord, readRecord } from '../options/fields.ts'
import { readRequiredScopes } from '../options/read-scopes.ts'
import { advertised, type RequiredScopes } from '../requirement.ts'
import type { Operation } from './operations-in.ts'
import { createUriPattern } from './uri-pattern.ts'
import { looseSpellingsOf, spellingsOf } from './uri-spellings.ts'

/** Scopes by name. The name `*` stands for every name that has no entry of its own. */
export type ScopesByName = Readonly<Record<string, RequiredScopes>>

/** What single operations need besides what every request needs. An operation without a rule needs nothing more. */
export interface OperationRules {
  /** `tools/call`, by the name of the tool. */
  readonly tools?: ScopesByName
  /** `prompts/get`, by the name of the prompt; also for completing its arguments. */
  readonly prompts?: ScopesByName
  /**
   * `resources/read` and subscriptions, and completing a template's variables. By URI (`config://app`), by template
   * (`users://{id}/profile`) or by a beginning (`file:///private/*`); of several that match all count.
   */
  readonly resources?: ScopesByName
  /** `completion/complete`, besides the rule of its prompt or resource. */
  readonly completion?: RequiredScopes
}

/** The rules that apply to the operations of one request. */
export type RulesOf = (operations: readonly Operation[]) => readonly RequiredScopes[]

/** Validates a table of rules. Throws `ConfigError`, whose `option` names the rule. */
export function readOperationRules(rules: OperationRules): RulesOf {
  readRecord(rules, 'rules', ['tools', 'prompts', 'resources', 'completion'])
  const tools = byName(readEntries(rules.tools, 'tools'))
  const prompts = byName(readEntries(rules.prompts, 'prompts'))
  const resources = readEntries(rules.resources, 'resources')
  const byTheirUri = byUri(resources)
  const completion = rules.completion === undefined ? [] : [readRule(rules.completion, 'completion')]
  const rulesOf = ({ kind, name }: Operation): readonly RequiredScopes[] => {
    switch (kind) {
      case 'tool':
        return tools(name)
      case 'prompt':
        return prompts(name)
      case 'resource':
        return byTheirUri(name)
      case 'completion':
        return completion
    }
  }
  return (operations) => {
    if (canBeLookedUp(operations)) return operations.flatMap(rulesOf)
    const others = operations.filter(({ kind }) => kind !== 'resource')
    return [...others.flatMap(rulesOf), ...resources.map(([, scopes]) => scopes)]
  }
}

/** Looking a URI up takes its time, in which nobody else is served, and the shortest takes some. */
function canBeLookedUp(operations: readonly Operation[]): boolean {
  const uris = operations.filter(({ kind }) => kind === 'resource')
  if (uris.length > limits.resourceUris) return false
  return uris.reduce((sum, { name }) => sum + name.length, 0) <= limits.resourceUrisLength
}

type Entry = readonly [name: string, scopes: RequiredScopes]

function readEntries(value: ScopesByName | undefined, path: string): readonly Entry[] {
  if (value === undefined) return []
  if (!isRecord(value)) throw new ConfigError(path, 'must be an object of names and the scopes that they need')
  return Object.entries(value).map(([name, scopes]) => [name, readRule(scopes, `${path}.${name}`)])
}

function readRule(value: RequiredScopes, path: string): RequiredScopes {
  // Undefined would read as no scopes at all, and open what the rule was meant to close.
  if (typeof value !== 'object' || value === null) {
    throw new ConfigError(path, 'must be a list of scopes or { anyOf: list }; an empty list needs nothing')
  }
  const scopes = readRequiredScopes(value, path)
  const named = 'anyOf' in scopes ? scopes.anyOf : scopes
  if (advertised(named).length < new Set(named).size) {
    throw new ConfigError(path, 'openid and offline_access are never asked of a client, so nothing can need them')
  }
  return scopes
}

function byName(entries: readonly Entry[]): (name: string) => readonly RequiredScopes[] {
  const scopes = new Map(entries)
  const rest = listOf(scopes.get('*'))
  return (name) => (scopes.has(name) ? listOf(scopes.get(name)) : rest)
}

/**
 * All rules that may be about the URI, and the one for the rest unless each spelling of the URI is certain to have a rule of
 * its own: what comes close to one rule must not get round another.
 */
function byUri(entries: readonly Entry[]): (uri: string) => readonly RequiredScopes[] {
  const named = entries
    .filter(([name]) => name !== '*')
    .map(([name, scopes]) => ({ pattern: createUriPattern(name), scopes }))
  const rest = listOf(entries.find(([name]) => name === '*')?.[1])
  return (uri) => {
    if (uri.length > limits.resourceUriLength) return entries.map(([, scopes]) => scopes)
    if (named.length === 0) return rest
    const spellings = spellingsOf(uri)
    const loose = looseSpellingsOf(spellings)
    const found = named.filter(({ pattern }) => loose.some(pattern.concerns))
    const isCovered = spellings.every((spelling) => found.some(({ pattern }) => pattern.covers(spelling)))
    return [...found.map(({ scopes }) => scopes), ...(isCovered ? [] : rest)]
  }
}

function listOf(scopes: RequiredScopes | undefined): readonly RequiredScopes[] {
  return scopes === undefined ? [] : [scopes]
}
