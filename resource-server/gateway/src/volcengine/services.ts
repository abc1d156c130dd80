import { createId } from '@postern/core'
import { type Actions, action, checkedAs, kept, scalars, WireError } from '@postern/server'
import { z } from 'zod'
import type { Annotations, Service, ServiceChange } from '../catalog/types.ts'
import {
  authorizerInput,
  authorizerOf,
  changedAuthorizer,
  keyInput,
  keysAskedFor,
  newKeys,
  planKeys,
} from './authorizers.ts'
import { backendOf } from './backend.ts'
import { placeOf, type VolcengineContext } from './context.ts'
import { allOf, chosen } from './list.ts'
import { pathOf } from './path-of.ts'
import { createService, listServices, oneService, type UpdateService, updateService } from './schemas.ts'
import { listing, serviceAnswer, withoutSecrets } from './service-answer.ts'

const words = {
  resource: 'MCPService',
  fields: {
    name: 'Name',
    path: 'Path',
    projectName: 'ProjectName',
    clientToken: 'ClientToken',
    backend: 'BackendConfiguration',
    authorizers: 'InboundAuthorizerConfiguration',
  },
}

const backendFields = createService.pick({
  ProtocolType: true,
  BackendType: true,
  BackendConfiguration: true,
  OutboundAuthorizerConfiguration: true,
})

const plain = z.object({ name: scalars.name, projectName: scalars.text(255).default('default') })

/** CreateMCPService, GetMCPService, UpdateMCPService, ListMCPServices, DeleteMCPService. */
export function serviceActions(context: VolcengineContext): Actions {
  const { catalog, sealer } = context
  const { services, keys } = catalog
  const shown = (service: Service, showing = context) => serviceAnswer(service, keys.list(service.id), showing)
  return {
    CreateMCPService: action(words, createService, async (input, { requestId }) => {
      const { Name, ProjectName, Path, ClientToken, InboundAuthorizerConfiguration: inbound, ...rest } = input
      const id = createId('svc')
      const named = keysAskedFor(inbound)
      newKeys(named)
      const authorizer = authorizerOf(inbound)
      const idempotency = ClientToken ? { token: ClientToken, request: input } : undefined
      const { service } = await services.create(
        {
          id,
          ...checkedAs(plain, { name: Name, ...(ProjectName ? { projectName: ProjectName } : {}) }, words),
          path: placeOf(id) + pathOf(Path, words),
          backend: backendOf({ ...rest, Path: pathOf(Path, words) }),
          authorizers: [
            authorizerInput(
              authorizer,
              named.map(({ name }) => keyInput(id, name, sealer)),
            ),
          ],
          annotations: keptOf(rest),
        },
        { requestId },
        idempotency,
      )
      return { MCPServiceId: service.id }
    }),

    GetMCPService: action(words, oneService, ({ MCPServiceId }) => ({ MCPService: shown(services.get(MCPServiceId)) })),

    UpdateMCPService: action(words, updateService, async (input, { requestId }) => {
      const { MCPServiceId: id } = input
      const service = services.get(id)
      const change = changeOf(service, input)
      const inbound = input.InboundAuthorizerConfiguration
      const isRenewed = inbound?.AuthorizerType === 'ApiKey'
      const plan = isRenewed ? planKeys(id, keys.list(id), keysAskedFor(inbound), context) : undefined
      await services.update(id, change, { requestId }, plan)
      return { MCPServiceId: id }
    }),

    ListMCPServices: action(words, listServices, (input) => {
      const { items, facts } = chosen(allOf(services), input, (service) => shown(service, listing(context)))
      return { MCPServices: items, ...facts }
    }),

    DeleteMCPService: action(words, oneService, async ({ MCPServiceId }, { requestId }) => {
      await services.delete(MCPServiceId, { requestId })
      return { MCPServiceId }
    }),
  }

  /** What means nothing here. Where secrets are not to be shown again, nothing that holds some is kept. */
  function keptOf(all: Readonly<Record<string, unknown>>): Annotations {
    // A document is kept with the backend.
    const { ProtocolConfiguration: _, ...rest } = all
    return kept(sealer === undefined ? withoutSecrets(rest) : rest)
  }

  function changeOf(service: Service, input: UpdateService): ServiceChange {
    const { MCPServiceId: _, Name, InboundAuthorizerConfiguration: inbound, ...rest } = input
    const annotations = keptOf({ ...service.annotations, ...rest })
    const isAboutBackend =
      input.BackendConfiguration !== undefined ||
      input.BackendType !== undefined ||
      input.ProtocolConfiguration !== undefined ||
      input.OutboundAuthorizerConfiguration !== undefined
    return {
      annotations,
      ...(Name === undefined ? {} : { name: checkedAs(plain, { name: Name }, words).name }),
      ...(isAboutBackend ? { backend: newBackend(service, input) } : {}),
      ...(inbound === undefined ? {} : { authorizers: [changedAuthorizer(service, inbound)] }),
    }
  }

  /** What the request leaves out is as it was asked for before. */
  function newBackend(service: Service, input: UpdateService) {
    const { Path, ...present } = shown(service)
    const whole = backendFields.safeParse({ ...present, ...service.annotations, ...input })
    if (!whole.success) {
      throw new WireError('InvalidParameter.BackendConfiguration', 400, 'BackendConfiguration: send all of it')
    }
    const document = service.backend.type === 'openapi' ? service.backend.document : undefined
    const Configuration = typeof document === 'string' ? document : undefined
    return backendOf({
      ProtocolConfiguration: { HttpApiConfiguration: { Configuration } },
      ...whole.data,
      ...(input.ProtocolConfiguration === undefined ? {} : { ProtocolConfiguration: input.ProtocolConfiguration }),
      Path: Path === '/' ? '' : Path,
    })
  }
}
