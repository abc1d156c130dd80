import {
  type ApiKeyCreate,
  type ApiKeyRotate,
  type Authorizer,
  problem,
  type ServiceCreate,
  type ServicePatch,
  type ToolsetCreate,
  type ToolsetPatch,
} from '@postern/server'
import type { AuthorizerInput, KeyInput, KeyRotation, ServiceChange, ServiceInput } from '../catalog/types.ts'

export function keyInput({ name, expiresAt, tools, scopes }: ApiKeyCreate): KeyInput {
  return {
    name,
    ...(expiresAt === undefined ? {} : { expiresAt: Date.parse(expiresAt) }),
    ...(tools === undefined ? {} : { tools }),
    ...(scopes === undefined ? {} : { scopes }),
  }
}

/** Seconds, as in every lifetime of the API, to milliseconds. */
export function keyRotation({ grace, expiresAt }: ApiKeyRotate): KeyRotation {
  if (expiresAt === undefined) return { grace: grace * 1000 }
  return { grace: grace * 1000, expiresAt: expiresAt === null ? null : Date.parse(expiresAt) }
}

function authorizerInput(authorizer: Authorizer): AuthorizerInput {
  if (authorizer.type === 'CustomJWT') return authorizer
  const { type, apiKeys } = authorizer
  return apiKeys === undefined ? { type } : { type, apiKeys: apiKeys.map(keyInput) }
}

type Asked = Omit<ServiceCreate, 'backend'> & Pick<ServiceInput, 'backend'>

export function serviceInput({ clientToken: _, authorizers, ...rest }: Asked): ServiceInput {
  return authorizers === undefined ? rest : { ...rest, authorizers: authorizers.map(authorizerInput) }
}

export function toolsetInput({ serviceIds, mode, ...rest }: ToolsetCreate): ServiceInput {
  return serviceInput({ ...rest, backend: { type: 'toolset', serviceIds, mode } })
}

/** @throws HttpProblem 400 where keys are listed, as for services */
export function toolsetChange({ serviceIds, mode, ...rest }: ToolsetPatch): ServiceChange {
  const toolset = {
    ...(serviceIds === undefined ? {} : { serviceIds }),
    ...(mode === undefined ? {} : { mode }),
  }
  return { ...serviceChange(rest), ...(Object.keys(toolset).length === 0 ? {} : { toolset }) }
}

/** @throws HttpProblem 400 where keys are listed: they are made and deleted one by one, so that none is lost by a slip */
export function serviceChange(patch: ServicePatch): ServiceChange {
  const { name, backend, authorizers, isolation, rootMetadata, access } = patch
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
    ...(access === undefined ? {} : { access }),
  }
}
