import type { JsonObject } from '../../backends/json-rpc.ts'
import { type AccessSubject, rulesOf, type Verdict } from '../../catalog/access/rules.ts'
import type { HotCatalog, ServedService } from '../../catalog/types.ts'
import type { Principal } from '../caller.ts'
import { mergedName, splitName } from '../toolset/names.ts'
import { isSearchTool, reachedTools } from '../toolset/reached-tools.ts'

type FindService = HotCatalog['findById']

/** What becomes of a call: `scopes` where a token with them would pass. */
export type Judgement =
  | { readonly kind: 'allowed' | 'would_refuse' }
  | { readonly kind: 'refused'; readonly scopes?: readonly string[] }

/** What one caller may do with the tools of one service. */
export interface ToolPolicy {
  /** Is the tool to be shown, and found? Undefined: every one is. */
  readonly shows: ((tool: string) => boolean) | undefined
  /** Is there a call that it refuses, as things stand? */
  readonly refuses: boolean
  /** What becomes of a `tools/call` with these params. */
  judge(params: JsonObject | undefined): Judgement
}

const allowed: Judgement = { kind: 'allowed' }
const wouldRefuse: Judgement = { kind: 'would_refuse' }
const refused: Judgement = { kind: 'refused' }
const everything: ToolPolicy = { shows: undefined, refuses: false, judge: () => allowed }

/**
 * The tools of an API key, the rules of the service and, for a toolset, those of its services: all of them have to allow
 * a tool. Names are compared as they are: no other spelling of a tool is the same tool.
 */
export function toolPolicy(service: ServedService, principal: Principal, findService: FindService): ToolPolicy {
  const { tools: ofKey } = principal
  const ruled = ruledOf(service, findService)
  if (ofKey === undefined && ruled.length === 0) return everything
  const judgeOne = (tool: string | undefined): Judgement => {
    if (ofKey !== undefined && (tool === undefined || !ofKey.has(tool))) return refused
    return checksOf(service, tool, principal.subject(), findService).reduce<Judgement>(
      (before, check) => stricter(before, judgementOf(check)),
      allowed,
    )
  }
  const { backend } = service
  const isGuide = (tool: string): boolean => backend !== undefined && isSearchTool(backend, tool)
  return {
    refuses: ofKey !== undefined || ruled.some(({ access }) => access?.mode !== 'dryRun'),
    shows: (tool) => isGuide(tool) || judgeOne(tool).kind !== 'refused',
    judge(params) {
      const reached = backend && reachedTools(backend, params)
      return reached === undefined ? judgeOne(nameIn(params)) : strictest(reached.map(judgeOne))
    },
  }
}

/** Of the service and, for a toolset, its services: those that have rules. */
function ruledOf(service: ServedService, findService: FindService): readonly ServedService[] {
  const { backend } = service
  const members = backend?.type === 'toolset' ? backend.serviceIds.flatMap((id) => findService(id) ?? []) : []
  return [service, ...members].filter(({ access }) => access?.rules !== undefined)
}

interface Check {
  readonly verdict: Verdict
  readonly isDryRun: boolean
}

function checksOf(
  service: ServedService,
  tool: string | undefined,
  subject: AccessSubject,
  findService: FindService,
): Check[] {
  const own = checkOf(service, tool, subject)
  if (service.backend?.type !== 'toolset') return own
  const place = tool === undefined ? undefined : splitName(tool)
  const member = place && findService(place.serviceId)
  if (tool === undefined || place === undefined || member === undefined) return own
  const name = 'name' in place ? place.name : fullName(member, tool)
  return [...own, ...checkOf(member, name, asSeenBy(member, subject))]
}

function checkOf({ access }: ServedService, tool: string | undefined, subject: AccessSubject): Check[] {
  if (access?.rules === undefined) return []
  return [{ verdict: rulesOf(access.rules)(tool, subject), isDryRun: access.mode === 'dryRun' }]
}

/** The tool that a merged name was cut from, as far as rules name it; else the name stays one that none of them does. */
function fullName({ id, access }: ServedService, merged: string): string {
  const named = access?.rules?.flatMap(({ tools }) => tools) ?? []
  return named.find((tool) => mergedName(id, tool) === merged) ?? merged
}

function nameIn(params: JsonObject | undefined): string | undefined {
  const name = params?.['name']
  return typeof name === 'string' ? name : undefined
}

/**
 * A caller of a toolset before the rules of one of its services. Another issuer's clients, groups and scopes may have the
 * same names, and the toolset's keys those of the service's: only who comes from the service's own issuer is known there.
 */
function asSeenBy(member: ServedService, subject: AccessSubject): AccessSubject {
  const { kind, issuer } = subject
  const isKnown = member.authorizers.some((one) => one.type === 'CustomJWT' && one.issuer === issuer)
  if (kind === 'token' && isKnown) return subject
  return { ...subject, kind: 'stranger', apiKeyName: undefined, scopes: new Set(), groups: new Set(), claims: {} }
}

function judgementOf({ verdict, isDryRun }: Check): Judgement {
  if (verdict.allowed) return allowed
  if (isDryRun) return wouldRefuse
  return verdict.scopes === undefined ? refused : { kind: 'refused', scopes: verdict.scopes }
}

/** Of two judgements that both hold: scopes help where they are all that is lacking. */
function stricter(a: Judgement, b: Judgement): Judgement {
  if (a.kind !== 'refused' && b.kind !== 'refused') return a.kind === 'allowed' ? b : a
  if (a.kind !== 'refused') return b
  if (b.kind !== 'refused') return a
  if (a.scopes === undefined || b.scopes === undefined) return refused
  return { kind: 'refused', scopes: [...new Set([...a.scopes, ...b.scopes])] }
}

/** What several calls of one request come to. */
export function strictest(judgements: readonly Judgement[]): Judgement {
  return judgements.reduce(stricter, allowed)
}
