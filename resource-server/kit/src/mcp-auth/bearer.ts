import { canonicalResource, checkResource, protectedResourceMetadataUrl } from '@postern/core'
import { guard, type NodeHandler } from '../adapters/node.ts'
import { isAuthInfo, withoutResource } from '../auth-info.ts'
import { ConfigError } from '../options/config-error.ts'
import { readBoolean, readText, readTexts } from '../options/fields.ts'
import { readOptions } from '../options/read-options.ts'
import type { IssuerRules, Settings } from '../options/settings.ts'
import type { ResourceServerOptions } from '../options/types.ts'
import { prepareRefusals } from '../reply.ts'
import { assemble, type Parts } from '../resource-server.ts'
import type { ErrorFormat, RouteConfig } from './config.ts'
import { readErrorFormat, underOwnNames } from './read-config.ts'
import { prepareCodedRefusals, withReasons } from './refusals.ts'
import { mayShowReasons } from './show-reasons.ts'

/** What the routes of one resource have in common. */
export interface Ground {
  /** Options of the kit; the resource among them may stand in for one that is not known. */
  readonly options: ResourceServerOptions
  /** How tokens may name the resource; undefined where it is not known what they should name. */
  readonly audiences: readonly string[] | undefined
  /** Is the resource known, and is it where its metadata is to be looked for? */
  readonly knows: 'the resource' | 'the resource, not its metadata' | 'nothing'
  readonly errorFormat: ErrorFormat
  /** Called for a route where any audience will do. */
  readonly warn: () => void
}

/** What one route asks of tokens besides. */
export interface RouteRules {
  readonly options: Partial<ResourceServerOptions>
  /** Of these the token names one; undefined: any or none. */
  readonly audiences: readonly string[] | undefined
  readonly createVerify?: Parts['createVerify']
  /** Adjusts the rules of each issuer. */
  readonly adjust?: (rules: IssuerRules) => IssuerRules
  /** May tokens be remembered? */
  readonly remembers?: boolean
  /** Is something loosened besides the audience? */
  readonly loosens?: boolean
}

/** Where nothing is known of the resource, it goes by this name in events. */
const unknownResource = 'urn:mcp-auth:server'

/** Makes the handler of one route: it passes callers with a good token on, with `req.auth` set, and answers the rest. */
export function createBearer(ground: Ground, route: RouteConfig, rules: RouteRules): NodeHandler {
  const options: ResourceServerOptions = {
    ...ground.options,
    ...rules.options,
    ...(route.requiredScopes === undefined ? {} : { requiredScopes: route.requiredScopes }),
  }
  const settings = settle(
    ground,
    rules,
    underOwnNames(ownName, () => readOptions(options)),
  )
  if (settings.dpop !== undefined && ground.knows === 'nothing') {
    throw new ConfigError(
      'kit.dpop',
      'needs to know the resource that proofs are made for; give bearerAuth the resource',
    )
  }
  if (rules.audiences === undefined) ground.warn()
  const rs = assemble(settings, {
    prepareRefusals: refusalsOf(ground, route),
    ...(rules.createVerify === undefined ? {} : { createVerify: rules.createVerify }),
  })
  const check = guard(rs)
  return ground.knows === 'nothing' ? hidingResource(check) : check
}

function settle({ knows }: Ground, rules: RouteRules, settings: Settings): Settings {
  const { audiences, adjust, remembers = true, loosens = false } = rules
  const isAny = audiences === undefined
  const issuers = settings.issuers.map((issuer) => {
    const loosened: IssuerRules = {
      ...issuer,
      anyAudience: isAny,
      // mcp-auth has an empty clientId for tokens without one, and many authorization servers issue such tokens.
      allowMissing: new Set([...issuer.allowMissing, 'client_id']),
    }
    return adjust === undefined ? loosened : adjust(loosened)
  })
  return {
    ...settings,
    issuers,
    ...(remembers ? {} : { cachedTokens: 0 }),
    ...(knows === 'nothing' ? { resource: unknownResource, resourceName: 'MCP server' } : {}),
    metadataUrl: knows === 'the resource' ? protectedResourceMetadataUrl(settings.resource) : undefined,
    warnings: [...settings.warnings, ...[isAny, loosens].filter(Boolean).map(() => 'setting_loosened' as const)],
  }
}

function refusalsOf(ground: Ground, route: RouteConfig): typeof prepareRefusals {
  const format = readErrorFormat(route.errorFormat, ground.errorFormat)
  const prepare = format === 'mcp-auth' ? prepareCodedRefusals : prepareRefusals
  const wantsReasons = readBoolean(route.showErrorDetails, 'showErrorDetails')
  return wantsReasons && mayShowReasons() ? withReasons(prepare) : prepare
}

/** The kit's names of options whose names here are others; the rest are those of `kit`. */
function ownName(option: string): string | undefined {
  if (/^issuers\[\d+\]\.audience/.test(option)) return 'audience'
  if (/^issuers\[\d+\]\.issuer/.test(option)) return 'issuer'
  if (/^(?:requiredScopes|resource)\b/.test(option)) return option
  if (option === 'clockTolerance') return 'jwtVerify.clockTolerance'
  return undefined
}

/** What stands in for an unknown resource must not reach the tools as theirs. */
function hidingResource(check: NodeHandler): NodeHandler {
  return (req, res, next) => {
    check(req, res, (error) => {
      if (isAuthInfo(req.auth)) req.auth = withoutResource(req.auth)
      next(error)
    })
  }
}

/** Reads `audience`: one or more that tokens may name. */
export function readAudience(value: unknown): readonly string[] | undefined {
  return typeof value === 'string' ? [readText(value, 'audience')] : readTexts(value, 'audience')
}

/** How tokens may name a resource: as it was written, in canonical form, and a bare origin with its slash. */
export function spellings(written: string): readonly string[] {
  const resource = canonicalResource(written) ?? written
  const slashed = `${resource}/`
  return [...new Set([resource, written, ...(canonicalResource(slashed) === resource ? [slashed] : [])])]
}

/** What is known of the resource of a route that belongs to none of `protectedResources`. */
export interface OwnResource extends Pick<Ground, 'audiences' | 'knows'> {
  readonly resource: string
}

/**
 * A route that names its resource has it as its audience too. One that names a URL as its audience has that as its
 * resource, without a place for its metadata.
 */
export function ownResource({ resource, audience }: RouteConfig): OwnResource {
  if (resource !== undefined) {
    return { resource: readText(resource, 'resource'), audiences: spellings(resource), knows: 'the resource' }
  }
  const [only = '', ...others] = readAudience(audience) ?? []
  if (others.length > 0 || !checkResource(only).ok || /^urn:/i.test(only)) {
    return { resource: 'https://resource.invalid', audiences: undefined, knows: 'nothing' }
  }
  return { resource: only, audiences: undefined, knows: 'the resource, not its metadata' }
}
