import { type ApiKeyCreate, type Authorizer, problem, type ServiceCreate, type ServicePatch } from '@postern/server'
import type { AuthorizerInput, KeyInput, ServiceChange, ServiceInput } from '../catalog/types.ts'

export function keyInput({ name, expiresAt, tools, scopes }: ApiKeyCreate): KeyInput {
  return {
    name,
    ...(expiresAt === undefined ? {} : { expiresAt: Date.parse(expiresAt) }),
    ...(tools === undefined ? {} : { tools }),
    ...(scopes === undefined ? {} : { scopes }),
  }
}

function authorizerInput(authorizer: Authorizer): AuthorizerInput {
  if (authorizer.type === 'CustomJWT') return authorizer
  const { type, apiKeys } = authorizer
  return apiKeys === undefined ? { type } : { type, apiKeys: apiKeys.map(keyInput) }
}

export function serviceInput({ clientToken: _, authorizers, ...rest }: ServiceCreate): ServiceInput {
  return authorizers === undefined ? rest : { ...rest, authorizers: authorizers.map(authorizerInput) }
}

/** @throws HttpProblem 400 where keys are listed: they are made and deleted one by one, so that none is lost by a slip */
export function serviceChange(patch: ServicePatch): ServiceChange {
  const { name, backend, authorizers, isolation, rootMetadata } = patch
  for (const [index, authorizer] of authorizers?.entries() ?? []) {
    if (authorizer.type !== 'ApiKey' || authorizer.apiKeys === undefined) continue
    const field = `authorizers[${index}].apiKeys`
    const message = 'keys are made by POST …/api-keys and end by DELETE; remove apiKeys, and those that exist stay'
    problem(400, 'invalid_request', `${field}: ${message}`, [{ field, code: 'invalid', message }])
  }
  return {
    ...(name === undefined ? {} : { name }),
    ...(backend === undefined ? {} : { backend }),
    ...(authorizers === undefined ? {} : { authorizers: authorizers.map(authorizerInput) }),
    ...(isolation === undefined ? {} : { isolation }),
    ...(rootMetadata === undefined ? {} : { rootMetadata }),
  }
}
