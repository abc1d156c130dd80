import { limits, numberedPage, tags } from '@postern/server'
import { z } from 'zod'

const text = z.string().exactOptional()
const optionalText = z.string().nullish()

const keyAuth = z.looseObject({
  ApiKeys: z.array(z.looseObject({ Name: z.string(), Key: optionalText })).nullish(),
  ApiKeyLocation: optionalText,
  Parameter: optionalText,
})

/** Takes no field that it does not know: one that is meant to narrow who is let in must not be lost in silence. */
const customJwt = z.strictObject(
  {
    DiscoveryUrl: z.string(),
    AllowedClients: z.array(z.string()).nullish(),
    AllowedAudiences: z.array(z.string()).nullish(),
    AllowedScopes: z.array(z.string()).nullish(),
  },
  {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? 'has a field that would not be checked; the fields are DiscoveryUrl, AllowedClients, AllowedAudiences, AllowedScopes'
        : undefined,
  },
)

export const inbound = z.looseObject({
  AuthorizerType: z.enum(['ApiKey', 'CustomJWT']),
  Authorizer: z.looseObject({ KeyAuth: keyAuth.nullish(), CustomJwtAuthorizer: customJwt.nullish() }).nullish(),
})
export type Inbound = z.output<typeof inbound>

const outbound = z.looseObject({
  AuthorizerType: optionalText,
  Authorizer: z.looseObject({ KeyAuth: keyAuth.nullish(), IdentityAuthorizer: z.unknown().optional() }).nullish(),
})
export type Outbound = z.output<typeof outbound>

const backendConfiguration = z.looseObject({
  CustomMcpConfiguration: z
    .looseObject({
      PublicPackage: z.looseObject({ RawConfig: optionalText }).nullish(),
      PrivatePackage: z.unknown().optional(),
    })
    .nullish(),
  CustomConfiguration: z
    .looseObject({
      Domain: optionalText,
      Port: z.number().int().min(1).max(65535).nullish(),
      ProtocolType: optionalText,
    })
    .nullish(),
})
export type BackendConfiguration = z.output<typeof backendConfiguration>

const protocolConfiguration = z.looseObject({
  HttpApiConfiguration: z.looseObject({ Configuration: optionalText }).nullish(),
})
export type ProtocolConfiguration = z.output<typeof protocolConfiguration>

/** Means nothing here, and is shown again: by its types, for the SDKs of the originals throw away what has others. */
const network = z.looseObject({
  VpcConfiguration: z
    .looseObject({
      VpcId: optionalText,
      SubnetIds: z.array(z.string()).nullish(),
      SecurityGroupIds: z.array(z.string()).nullish(),
      EnableSharedInternetAccess: z.boolean().nullish(),
    })
    .nullish(),
})

const changeable = {
  BackendConfiguration: backendConfiguration.exactOptional(),
  InboundAuthorizerConfiguration: inbound.exactOptional(),
  OutboundAuthorizerConfiguration: outbound.exactOptional(),
  NetworkConfiguration: network.exactOptional(),
  ProtocolConfiguration: protocolConfiguration.exactOptional(),
}

export const createService = z.looseObject({
  Name: z.string(),
  Path: z.string(),
  ProtocolType: z.enum(['MCP', 'HTTP']),
  BackendType: z.string(),
  ProjectName: text,
  ClientToken: text,
  Tags: tags.exactOptional(),
  ...changeable,
})
export type CreateService = z.output<typeof createService>

export const oneService = z.looseObject({ MCPServiceId: z.string() })

export const updateService = z.looseObject({ MCPServiceId: z.string(), Name: text, BackendType: text, ...changeable })
export type UpdateService = z.output<typeof updateService>

export const listServices = z.looseObject({
  PageNumber: numberedPage.PageNumber.exactOptional(),
  PageSize: numberedPage.PageSize.exactOptional(),
  MaxResults: numberedPage.PageSize.exactOptional(),
  NextToken: text,
  ProjectName: text,
  Filters: z
    .array(
      z.looseObject({
        Name: z
          .enum([
            'Name',
            'MCPServiceId',
            'MCPToolsetId',
            'Status',
            'Path',
            'ProjectName',
            'BackendType',
            'ProtocolType',
          ])
          .nullish(),
        NameContains: optionalText,
        Values: z.array(z.string()).nullish(),
      }),
    )
    .max(limits.wireTags)
    .exactOptional(),
  TagFilters: z.array(z.looseObject({ Key: z.string(), Values: z.array(z.string()).nullish() })).exactOptional(),
})

/** The SDK of the originals says that it is a text; their tutorials send a list. */
const ids = z.union([z.string(), z.array(z.string())], {
  error: ({ input }) => (input === undefined ? undefined : 'must be ids: a list, a JSON list, or a text with commas'),
})

const changeableOfToolset = {
  AuthorizerConfiguration: inbound.exactOptional(),
  NetworkConfiguration: network.exactOptional(),
}

export const createToolset = z.looseObject({
  Name: z.string(),
  Path: z.string(),
  MCPServiceIds: ids,
  ProjectName: text,
  ClientToken: text,
  Tags: tags.exactOptional(),
  ...changeableOfToolset,
})

export const oneToolset = z.looseObject({ MCPToolsetId: z.string() })

export const updateToolset = z.looseObject({
  MCPToolsetId: z.string(),
  Name: text,
  MCPServiceIds: ids.exactOptional(),
  ...changeableOfToolset,
})

export const someToolsets = z.looseObject({ MCPToolsetIds: ids })

export const updateTools = z.looseObject({ MCPServiceId: z.string(), Tools: z.string() })
