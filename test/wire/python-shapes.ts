/**
 * What the answer models of both Python SDKs demand (agentkit-sdk-python 0.9.1, volcengine-python-sdk 5.0.54), as far as
 * we answer it. One wrong type, and agentkit-sdk-python throws the whole answer away.
 */
export type Shape = 'text' | 'integer' | 'flag' | List | Fields
/** A list of these; `some`: of one at least. */
interface List {
  readonly list: Shape
  readonly some?: true
}
/** A name that ends with `?` may be absent. */
interface Fields {
  readonly [field: string]: Shape
}

const some = (list: Shape): List => ({ list, some: true })
const tags: List = { list: { Key: 'text', 'Value?': 'text' } }
const texts: List = { list: 'text' }

const vpc: Shape = {
  'VpcId?': 'text',
  'SubnetIds?': texts,
  'SecurityGroupIds?': texts,
  'EnableSharedInternetAccess?': 'flag',
}
const networks = some({ Endpoint: 'text', NetworkType: 'text', 'VpcConfiguration?': vpc })
const times = { CreatedAt: 'text', UpdatedAt: 'text' } as const
const authorizer: Shape = {
  AuthorizerType: 'text',
  Authorizer: {
    'KeyAuth?': { ApiKeys: some({ Name: 'text', Key: 'text' }), ApiKeyLocation: 'text', Parameter: 'text' },
    'CustomJwtAuthorizer?': { DiscoveryUrl: 'text', AllowedClients: texts },
  },
}
const served = {
  Name: 'text',
  Status: 'text',
  Path: 'text',
  ProjectName: 'text',
  NetworkConfigurations: networks,
  ...times,
} as const
const listedService = {
  MCPServiceId: 'text',
  ...served,
  ProtocolType: 'text',
  ProtocolConfiguration: { ProtocolConvertConfiguration: 'text' },
  Tags: tags,
} as const
const service: Shape = {
  ...listedService,
  BackendType: 'text',
  BackendConfiguration: {
    'CustomMcpConfiguration?': { 'PublicPackage?': { McpType: 'text', PackageManagerType: 'text', RawConfig: 'text' } },
    'CustomConfiguration?': { Domain: 'text', 'Port?': 'integer', 'ProtocolType?': 'text' },
  },
  InboundAuthorizerConfiguration: authorizer,
  OutboundAuthorizerConfiguration: {
    'AuthorizerType?': 'text',
    'Authorizer?': { 'KeyAuth?': { ApiKeys: some({ Name: 'text', Key: 'text' }), 'Parameter?': 'text' } },
  },
  FailedLogFileUrl: 'text',
}
const toolset: Shape = {
  MCPToolsetId: 'text',
  ...served,
  MCPServices: some({ MCPServiceId: 'text', ...served }),
  AssociatedRuntimes: { list: { Id: 'text', Name: 'text' } },
  AuthorizerConfiguration: authorizer,
  Tags: tags,
}

const poolItem = {
  Uid: 'text',
  Trn: 'text',
  Name: 'text',
  Description: 'text',
  ProjectName: 'text',
  Domain: 'text',
  Tags: tags,
  TotalUsers: 'integer',
  TotalClients: 'integer',
  TotalConnections: 'integer',
  CreateTime: 'text',
  UpdateTime: 'text',
} as const
const pool: Shape = {
  ...poolItem,
  Brand: { Name: 'text', LogoUri: 'text' },
  SignInAttributes: texts,
  RequiredSignUpAttributes: texts,
  PasswordSignInEnabled: 'flag',
  SelfSignUpEnabled: 'flag',
  SelfAccountRecoveryEnabled: 'flag',
  SignUpAutoVerificationEnabled: 'flag',
  UnconfirmedUserSignInEnabled: 'flag',
  EmailPasswordlessSignInEnabled: 'flag',
  SmsPasswordlessSignInEnabled: 'flag',
  SmsAnonymousSignUpEnabled: 'flag',
  Enabled: 'flag',
  DiscoveryUrl: 'text',
  IssuerUrl: 'text',
  TokenUrl: 'text',
  TokenSigningKeyUrl: 'text',
  OidcLoginCallbackUrl: 'text',
  OidcSignUpCallbackUrl: 'text',
  OauthLoginCallbackUrl: 'text',
  OauthSignUpCallbackUrl: 'text',
  SamlLoginCallbackUrl: 'text',
  SamlSignUpCallbackUrl: 'text',
}
const clientItem = {
  Uid: 'text',
  Name: 'text',
  ClientType: 'text',
  Description: 'text',
  LogoUri: 'text',
  CreateTime: 'text',
  UpdateTime: 'text',
} as const
const client: Shape = {
  ...clientItem,
  ClientSecret: 'text',
  AllowedCallbackUrls: texts,
  AllowedLogoutUrls: texts,
  AllowedWebOrigins: texts,
  AllowedCors: texts,
  SkipConsentEnabled: 'flag',
  DismissLoginPageEnabled: 'flag',
  DevelopmentModeEnabled: 'flag',
  LoginPageUrl: 'text',
  'IdToken?': { 'LifetimeSeconds?': 'integer' },
  RefreshToken: {
    'CombinedLifetimeSeconds?': 'integer',
    'IdleLifetimeSeconds?': 'integer',
    'HasCombinedLifetime?': 'flag',
    'HasIdleLifetime?': 'flag',
    'Rotation?': 'flag',
  },
}
const numbered = { PageNumber: 'integer', PageSize: 'integer', TotalCount: 'integer' } as const
const serviceId: Shape = { MCPServiceId: 'text' }
const toolsetId: Shape = { MCPToolsetId: 'text' }
const message: Shape = { Message: 'text' }

/** The `Result` of every action. */
export const shapes: Readonly<Record<string, Shape>> = {
  CreateMCPService: serviceId,
  GetMCPService: { MCPService: service },
  UpdateMCPService: serviceId,
  ListMCPServices: { MCPServices: some(listedService), NextToken: 'text' },
  DeleteMCPService: serviceId,
  CreateMCPToolset: toolsetId,
  GetMCPToolset: { MCPToolset: toolset },
  UpdateMCPToolset: toolsetId,
  ListMCPToolsets: { MCPToolsets: some(toolset), NextToken: 'text' },
  DeleteMCPToolset: toolsetId,
  GetMCPTools: { Tools: 'text' },
  ListMCPTools: { MCPServiceTools: some({ MCPServiceId: 'text', Tools: 'text' }) },
  UpdateMCPTools: serviceId,
  CreateUserPool: pool,
  GetUserPool: pool,
  UpdateUserPool: pool,
  ListUserPools: { Data: some(poolItem), ...numbered },
  DeleteUserPool: message,
  CreateUserPoolClient: client,
  GetUserPoolClient: client,
  UpdateUserPoolClient: client,
  ListUserPoolClients: { Data: some(clientItem), ...numbered },
  DeleteUserPoolClient: message,
}

/** Where a value is not of a shape, and how; [] where it is. */
export function misfits(value: unknown, shape: Shape, at = 'Result'): string[] {
  if (typeof shape === 'string') return isOf(value, shape) ? [] : [`${at}: ${JSON.stringify(value)} is no ${shape}`]
  if (isList(shape)) {
    if (!Array.isArray(value)) return [`${at}: is no list`]
    if (shape.some && value.length === 0) return [`${at}: is empty`]
    return value.flatMap((item, index) => misfits(item, shape.list, `${at}[${index}]`))
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [`${at}: is no object`]
  return Object.entries(shape).flatMap(([name, inner]) => {
    const field = name.replace('?', '')
    const found: unknown = Reflect.get(value, field)
    return found === undefined && field !== name ? [] : misfits(found, inner, `${at}.${field}`)
  })
}

function isOf(value: unknown, shape: 'text' | 'integer' | 'flag'): boolean {
  if (shape === 'integer') return Number.isInteger(value)
  return typeof value === (shape === 'text' ? 'string' : 'boolean')
}

function isList(shape: List | Fields): shape is List {
  return 'list' in shape
}
