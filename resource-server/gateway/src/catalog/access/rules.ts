import type { AccessRule, ClaimRules } from '../types.ts'

/** Who calls, as rules see them. */
export interface AccessSubject {
  /** `stranger`: let in elsewhere, by somebody whose word does not count here. Meets rules without parts alone. */
  readonly kind: 'api-key' | 'token' | 'stranger'
  readonly apiKeyName: string | undefined
  readonly issuer: string | undefined
  readonly clientId: string
  /** What they imply included. */
  readonly scopes: ReadonlySet<string>
  readonly groups: ReadonlySet<string>
  readonly claims: Readonly<Record<string, unknown>>
}

/** May the tool be called? If not, `scopes` are those of a rule that lacks nothing but them, where there is one. */
export type Verdict = { readonly allowed: true } | { readonly allowed: false; readonly scopes?: readonly string[] }

/** Decides about a tool by its name; undefined: the call names none. */
export type Rules = (tool: string | undefined, subject: AccessSubject) => Verdict

interface Rule {
  readonly scopes: readonly string[]
  /** Are all parts but the scopes met? */
  readonly fits: (subject: AccessSubject) => boolean
}

const compiled = new WeakMap<readonly AccessRule[], Rules>()

/** Rules made ready for use: once for each list, which is the same as long as the service says the same. */
export function rulesOf(list: readonly AccessRule[]): Rules {
  const known = compiled.get(list)
  if (known !== undefined) return known
  const rules = compile(list)
  compiled.set(list, rules)
  return rules
}

const yes: Verdict = { allowed: true }
const no: Verdict = { allowed: false }

function compile(list: readonly AccessRule[]): Rules {
  const ready = list.map((rule) => ({ tools: new Set(rule.tools), rule: prepare(rule) }))
  const forAll = ready.filter(({ tools }) => tools.has('*')).map(({ rule }) => rule)
  const byTool = new Map<string, readonly Rule[]>()
  for (const name of new Set(list.flatMap(({ tools }) => tools))) {
    const naming = ready.filter(({ tools }) => tools.has(name) || tools.has('*'))
    byTool.set(
      name,
      naming.map(({ rule }) => rule),
    )
  }
  return (tool, subject) => (tool === undefined ? no : decide(byTool.get(tool) ?? forAll, subject))
}

function prepare({ scopes = [], apiKeys, clients, groups, claims }: AccessRule): Rule {
  const tests: ((subject: AccessSubject) => boolean)[] = []
  if (apiKeys !== undefined) {
    const names = new Set(apiKeys)
    tests.push(({ kind, apiKeyName = '' }) => kind === 'api-key' && names.has(apiKeyName))
  }
  if (clients !== undefined) {
    const ids = new Set(clients)
    tests.push(({ kind, clientId }) => kind === 'token' && ids.has(clientId))
  }
  if (groups !== undefined) tests.push(({ kind, groups: of }) => kind === 'token' && groups.some((one) => of.has(one)))
  if (claims !== undefined) tests.push(({ kind, claims: of }) => kind === 'token' && areMet(claims, of))
  return { scopes, fits: (subject) => tests.every((test) => test(subject)) }
}

/** As the claims of an authorizer: this value or one of these; of a claim that is a list, one entry. */
function areMet(rules: ClaimRules, claims: Readonly<Record<string, unknown>>): boolean {
  return Object.entries(rules).every(([name, rule]) => {
    const wanted: readonly unknown[] = Array.isArray(rule) ? rule : [rule]
    const value = Object.hasOwn(claims, name) ? claims[name] : undefined
    return Array.isArray(value) ? value.some((item) => wanted.includes(item)) : wanted.includes(value)
  })
}

function decide(rules: readonly Rule[], subject: AccessSubject): Verdict {
  let nearest: { readonly rule: Rule; readonly missing: number } | undefined
  for (const rule of rules) {
    if (!rule.fits(subject)) continue
    const missing = rule.scopes.filter((scope) => !subject.scopes.has(scope)).length
    if (missing === 0) return yes
    if (nearest === undefined || missing < nearest.missing) nearest = { rule, missing }
  }
  // A key has the scopes that it was given: there is nobody to ask for more.
  return nearest === undefined || subject.kind !== 'token' ? no : { allowed: false, scopes: nearest.rule.scopes }
}
