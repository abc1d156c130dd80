import { z } from 'zod'
import { limits } from '../limits.ts'
import { access } from './access.ts'
import { authorizerReply, authorizers } from './authorizer.ts'
import { backend } from './backend.ts'
import { clearable, id, immutable, name, text, timeOut } from './scalars.ts'
import { strict } from './validate.ts'

const reserved = ['api', 'services', '.well-known', 'healthz', 'readyz', 'metrics']

/** Where a service is reached on the gateway. */
export const servicePath = z
  .string()
  .max(limits.servicePath)
  .superRefine((value, context) => {
    const message = pathProblem(value)
    if (message !== undefined) context.addIssue({ code: 'custom', message })
  })

/**
 * Why a text is no path of a service, or undefined.
 *
 * @param ownId of a service that may stand under /services/<its id>, where those of the originals' API do
 */
export function pathProblem(value: string, ownId?: string): string | undefined {
  if (!/^(\/[A-Za-z0-9._~-]+)+$/.test(value)) {
    return 'must be a path such as /mcp or /team/mcp: "/" and letters, digits, "-", ".", "_" or "~", with no "/" at its end'
  }
  const segments = value.slice(1).split('/')
  if (segments.some((segment) => segment === '.' || segment === '..')) return 'must not hold "." or ".." segments'
  if (ownId !== undefined && segments[0] === 'services' && segments[1] === ownId) return undefined
  const first = segments[0]?.toLowerCase() ?? ''
  return reserved.includes(first) ? `/${first} is taken by the gateway itself; choose another path` : undefined
}

export const isolation = z.enum(['caller', 'shared'])

export const serviceFields = {
  name,
  path: servicePath,
  backend,
  isolation: isolation.exactOptional(),
  rootMetadata: z.boolean().exactOptional(),
  access: access.exactOptional(),
  projectName: text(255).default('default'),
}

export const serviceCreate = strict({
  id: id.exactOptional(),
  ...serviceFields,
  authorizers: authorizers.exactOptional(),
  clientToken: text(limits.clientToken).exactOptional(),
}).meta({ id: 'ServiceCreate' })
export type ServiceCreate = z.output<typeof serviceCreate>

export const servicePatch = strict({
  name: name.exactOptional(),
  backend: backend.exactOptional(),
  authorizers: authorizers.exactOptional(),
  isolation: isolation.exactOptional(),
  rootMetadata: z.boolean().exactOptional(),
  access: clearable(access),
  id: immutable('make another service'),
  path: immutable('its URL is the audience of tokens; make another service'),
  projectName: immutable('make another service'),
}).meta({ id: 'ServicePatch' })
export type ServicePatch = z.output<typeof servicePatch>

export const serviceStatuses = ['Creating', 'Ready', 'CreateFailed', 'Updating', 'UpdateFailed', 'Deleting'] as const
export const serviceStatus = z.enum(serviceStatuses)
export type ServiceStatus = z.output<typeof serviceStatus>

export const serviceReply = z
  .object({
    id,
    name,
    path: z.string(),
    url: z.string(),
    endpoint: z.string(),
    status: serviceStatus,
    statusReason: z.string().exactOptional(),
    backend: z
      .object({ type: z.string() })
      .catchall(z.unknown())
      .meta({ description: 'As it was given; values of env and headers, and client secrets, are "***".' }),
    authorizers: z.array(authorizerReply),
    isolation,
    rootMetadata: z.boolean(),
    access: access.exactOptional(),
    projectName: z.string(),
    warnings: z.array(z.string()),
    createdAt: timeOut,
    updatedAt: timeOut,
  })
  .meta({ id: 'Service' })
export type ServiceReply = z.output<typeof serviceReply>
