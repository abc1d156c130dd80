import type { NodeHandler } from '../adapters/node.ts'
import { readBoolean, readRecord } from '../options/fields.ts'
import { checkKeys, checkServer, issuerOptions } from './authorization-server.ts'
import { createBearer, type Ground, ownResource, readAudience, spellings } from './bearer.ts'
import type {
  AuthServerModeConfig,
  CustomConfig,
  ErrorFormat,
  KitOptions,
  MCPAuthConfig,
  ResourceServerModeConfig,
  RouteConfig,
  VerifyAccessTokenFunction,
  VerifyAccessTokenMode,
  VerifyJwtConfig,
} from './config.ts'
import { customVerification } from './custom-verifier.ts'
import { MCPAuthAuthServerError } from './errors.ts'
import { jwtRules } from './jwt-rules.ts'
import { chooseResource, type ProtectedResource, readProtectedResources } from './protected-resource.ts'
import { readErrorFormat, readKit, readRoute } from './read-config.ts'
import { delegatedMetadataRouter, metadataRouter } from './routers.ts'
import type { AuthServerConfig } from './server-config.ts'
import { warnOnce } from './warn-once.ts'

const routeOptions = ['resource', 'audience', 'requiredScopes', 'showErrorDetails', 'errorFormat'] as const
const jwtOptions = [...routeOptions, 'jwtVerify', 'remoteJwkSet', 'remoteJwtSet'] as const
const customOptions = [...routeOptions, 'allowNonExpiring'] as const

/**
 * What the MCP Auth library calls by this name: change the import, and keep the program.
 *
 * @example
 * const mcpAuth = new MCPAuth({
 *   protectedResources: { metadata: { resource, authorizationServers: [{ issuer, type: 'oidc' }] } },
 * })
 * app.use(mcpAuth.protectedResourceMetadataRouter())
 * app.use('/mcp', mcpAuth.bearerAuth('jwt', { resource, requiredScopes: ['read'] }), handler)
 *
 * Throws `MCPAuthAuthServerError` or `ConfigError` for a configuration that cannot be used.
 */
export class MCPAuth {
  readonly config: MCPAuthConfig
  readonly #kit: KitOptions
  readonly #errorFormat: ErrorFormat
  readonly #resources: readonly ProtectedResource[]
  readonly #server: AuthServerConfig | undefined
  readonly #warn: () => void

  constructor(config: MCPAuthConfig) {
    const { server, protectedResources } = readModes(config)
    this.config = config
    this.#kit = readKit(config.kit)
    this.#errorFormat = readErrorFormat(config.errorFormat)
    if (server !== undefined) checkServer(server, 'server')
    this.#server = server
    this.#resources = protectedResources === undefined ? [] : readProtectedResources(protectedResources, this.#kit)
    this.#warn = warnOnce(anyAudience)
  }

  /**
   * Serves the authorization server's metadata at `/.well-known/oauth-authorization-server`, for clients of the MCP
   * specification of 2025-03-26. Legacy mode only.
   */
  delegatedRouter(): NodeHandler {
    if (this.#server === undefined) {
      throw refusal('delegatedRouter() needs `server`; use protectedResourceMetadataRouter().')
    }
    return delegatedMetadataRouter(this.#server, this.#kit)
  }

  /** Serves the metadata of each protected resource at its place (RFC 9728). Mount it at the root of the origin. */
  protectedResourceMetadataRouter(): NodeHandler {
    if (this.#server !== undefined) throw refusal('protectedResourceMetadataRouter() needs `protectedResources`.')
    return metadataRouter(this.#resources.map(({ publish }) => publish))
  }

  /** Lets only callers pass whose token this function verifies, with `req.auth` set to who they are. */
  bearerAuth(verifyAccessToken: VerifyAccessTokenFunction, config?: RouteConfig & CustomConfig): NodeHandler
  /** Lets only callers with a JWT of one of the authorization servers pass, with `req.auth` set to who they are. */
  bearerAuth(mode: VerifyAccessTokenMode, config?: RouteConfig & VerifyJwtConfig): NodeHandler
  bearerAuth(
    how: VerifyAccessTokenMode | VerifyAccessTokenFunction,
    config?: RouteConfig & CustomConfig & VerifyJwtConfig,
  ): NodeHandler {
    if (how === 'jwt') return this.#jwtAuth(readRoute(config, jwtOptions))
    if (typeof how !== 'function') throw new TypeError("the first argument of bearerAuth is 'jwt' or a function")
    return this.#customAuth(how, readRoute(config, customOptions))
  }

  #jwtAuth(route: RouteConfig & VerifyJwtConfig): NodeHandler {
    const ground = this.#ground(route)
    checkKeys(this.#serversOf(route))
    return createBearer(ground, route, jwtRules(ground, route))
  }

  #customAuth(verify: VerifyAccessTokenFunction, route: RouteConfig & CustomConfig): NodeHandler {
    const ground = this.#ground(route)
    const named = readAudience(route.audience)
    const audiences = named ?? ground.audiences
    const allowNonExpiring = readBoolean(route.allowNonExpiring, 'allowNonExpiring')
    const createVerify = customVerification({
      verify,
      validateIssuer: undefined,
      audiences: audiences === undefined ? 'any' : new Set(audiences),
      namesAudience: named !== undefined,
      allowNonExpiring,
    })
    return createBearer(ground, route, { options: {}, audiences, createVerify, loosens: allowNonExpiring })
  }

  #serversOf({ resource }: RouteConfig): readonly AuthServerConfig[] {
    return this.#server === undefined ? chooseResource(this.#resources, resource).servers : [this.#server]
  }

  #ground(route: RouteConfig): Ground {
    const shared = { errorFormat: this.#errorFormat, warn: this.#warn }
    if (this.#server !== undefined) {
      const { resource, ...own } = ownResource(route)
      return { ...shared, ...own, options: { ...this.#kit, resource, issuers: [issuerOptions(this.#server)] } }
    }
    const { written, options } = chooseResource(this.#resources, route.resource)
    return { ...shared, options, audiences: spellings(written), knows: 'the resource' }
  }
}

const anyAudience =
  'MCPAuth: with `server` and no `audience`, tokens pass that were issued for any other server. Name the audience, or use `protectedResources`.'

function refusal(cause: string): MCPAuthAuthServerError {
  return new MCPAuthAuthServerError('invalid_server_config', { cause })
}

/** The one mode that is configured. The values are looked at later. */
function readModes(config: MCPAuthConfig): Partial<AuthServerModeConfig & ResourceServerModeConfig> {
  readRecord(config, '', ['server', 'protectedResources', 'errorFormat', 'kit'])
  const { server, protectedResources }: Partial<AuthServerModeConfig & ResourceServerModeConfig> = config
  if ((server === undefined) === (protectedResources === undefined)) {
    throw refusal('Give either `protectedResources` or `server`.')
  }
  return {
    ...(server === undefined ? {} : { server }),
    ...(protectedResources === undefined ? {} : { protectedResources }),
  }
}
