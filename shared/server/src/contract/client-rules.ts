import { z } from 'zod'
import type { FieldError } from './validate.ts'

export const clientTypes = [
  'MACHINE_TO_MACHINE',
  'WEB_APPLICATION',
  'SINGLE_PAGE_APPLICATION',
  'MOBILE_APPLICATION',
] as const
export const clientType = z.enum(clientTypes)
export type ClientType = z.output<typeof clientType>

export const authMethods = ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'] as const
export const authMethod = z.enum(authMethods)
export type AuthMethod = z.output<typeof authMethod>

/** RFC 7591 §2. */
export const grantTypes = [
  'authorization_code',
  'refresh_token',
  'client_credentials',
  'urn:ietf:params:oauth:grant-type:device_code',
] as const
export const grantType = z.enum(grantTypes)
export type GrantType = z.output<typeof grantType>

/** What the rules over several fields of a client look at; absent means its default. */
export interface ClientShape {
  clientType: ClientType
  tokenEndpointAuthMethod?: AuthMethod | undefined
  clientSecret?: string | undefined
  jwks?: unknown
  jwksUri?: string | undefined
  redirectUris?: readonly string[] | undefined
  postLogoutRedirectUris?: readonly string[] | undefined
  grantTypes?: readonly GrantType[] | undefined
  resources?: readonly string[] | undefined
  defaultResource?: string | undefined
}

/** How a client authenticates when it does not say: with its secret, or, where it can keep none, not at all. */
export function defaultAuthMethod(type: ClientType): AuthMethod {
  return isPublic(type) ? 'none' : 'client_secret_basic'
}

/** How a client gets tokens when it does not say: machines by themselves, others for the people who use them. */
export function defaultGrantTypes(type: ClientType): readonly GrantType[] {
  return type === 'MACHINE_TO_MACHINE' ? ['client_credentials'] : ['authorization_code', 'refresh_token']
}

/** The rules over several fields of a client. PATCH needs them on the merged client. */
export function clientRules(client: ClientShape): FieldError[] {
  return [
    ...authMethodRules(client),
    ...keyRules(client),
    ...redirectRules(client, 'redirectUris'),
    ...redirectRules(client, 'postLogoutRedirectUris'),
    ...grantRules(client),
    ...resourceRules(client),
  ]
}

function isPublic(type: ClientType): boolean {
  return type === 'SINGLE_PAGE_APPLICATION' || type === 'MOBILE_APPLICATION'
}

function authMethodRules(client: ClientShape): FieldError[] {
  const method = client.tokenEndpointAuthMethod
  if (method === undefined) return []
  const field = 'tokenEndpointAuthMethod'
  if (isPublic(client.clientType) && method !== 'none') {
    const message = `a client of type ${client.clientType} can keep no secret; use none, or clientType WEB_APPLICATION`
    return [{ field, code: 'invalid', message }]
  }
  if (!isPublic(client.clientType) && method === 'none') {
    const message = `a client of type ${client.clientType} must authenticate; use client_secret_basic, client_secret_post or private_key_jwt`
    return [{ field, code: 'invalid', message }]
  }
  return []
}

function keyRules(client: ClientShape): FieldError[] {
  const method = client.tokenEndpointAuthMethod ?? defaultAuthMethod(client.clientType)
  return method === 'private_key_jwt' ? ownKeyRules(client) : secretRules(client, method)
}

function ownKeyRules(client: ClientShape): FieldError[] {
  const errors: FieldError[] = []
  if (client.jwks === undefined && client.jwksUri === undefined) {
    errors.push({
      field: 'jwks',
      code: 'required',
      message: 'private_key_jwt needs the public keys; give jwks or jwksUri',
    })
  }
  if (client.jwks !== undefined && client.jwksUri !== undefined) {
    errors.push({ field: 'jwksUri', code: 'invalid', message: 'give jwks or jwksUri, not both' })
  }
  if (client.clientSecret !== undefined) {
    const message = 'a client with private_key_jwt has no secret; remove clientSecret'
    errors.push({ field: 'clientSecret', code: 'invalid', message })
  }
  return errors
}

function secretRules(client: ClientShape, method: AuthMethod): FieldError[] {
  const errors: FieldError[] = []
  for (const field of ['jwks', 'jwksUri'] as const) {
    if (client[field] === undefined) continue
    const message = `is for tokenEndpointAuthMethod private_key_jwt, and this client has ${method}; remove ${field} or use private_key_jwt`
    errors.push({ field, code: 'invalid', message })
  }
  if (client.clientSecret !== undefined && method === 'none') {
    const message = `a client of type ${client.clientType} can keep no secret; remove clientSecret`
    errors.push({ field: 'clientSecret', code: 'invalid', message })
  }
  return errors
}

function redirectRules(client: ClientShape, field: 'redirectUris' | 'postLogoutRedirectUris'): FieldError[] {
  const uris = client[field] ?? []
  if (client.clientType === 'MACHINE_TO_MACHINE') {
    const message = `a machine client has no redirects; remove ${field} or use clientType WEB_APPLICATION`
    return uris.map((_, index) => ({ field: `${field}[${index}]`, code: 'invalid', message }))
  }
  if (client.clientType === 'MOBILE_APPLICATION') return []
  const message = `a client of type ${client.clientType} is sent back to an http(s) URL; use one, or clientType MOBILE_APPLICATION`
  return uris.flatMap((uri, index) =>
    /^https?:/i.test(uri) ? [] : [{ field: `${field}[${index}]`, code: 'invalid', message }],
  )
}

function grantRules(client: ClientShape): FieldError[] {
  const types = client.grantTypes ?? []
  return types.flatMap((type, index): FieldError[] => {
    const message = grantProblem(client, type, types)
    return message === undefined ? [] : [{ field: `grantTypes[${index}]`, code: 'invalid', message }]
  })
}

function grantProblem({ clientType }: ClientShape, type: GrantType, all: readonly GrantType[]): string | undefined {
  const isMachine = clientType === 'MACHINE_TO_MACHINE'
  if (isMachine && type !== 'client_credentials') {
    return 'a machine client acts for nobody; use client_credentials alone, or clientType WEB_APPLICATION'
  }
  if (isPublic(clientType) && type === 'client_credentials') {
    return `a client of type ${clientType} can keep no secret; remove client_credentials, or use clientType MACHINE_TO_MACHINE`
  }
  if (type !== 'refresh_token' || all.some((other) => other !== 'refresh_token' && other !== 'client_credentials')) {
    return undefined
  }
  return 'refreshes what another grant began; add authorization_code or the device grant, or remove it'
}

function resourceRules(client: ClientShape): FieldError[] {
  const { resources, defaultResource } = client
  if (resources === undefined || defaultResource === undefined || resources.includes(defaultResource)) return []
  return [
    {
      field: 'defaultResource',
      code: 'invalid',
      message: 'must be one of resources; add it there, or choose one of them',
    },
  ]
}
