import { createId } from '@postern/core'
import { type Actions, action, checkedAs, kept, type Sealer, scalars, serviceIds } from '@postern/server'
import { z } from 'zod'
import type { Service } from '../catalog/types.ts'
import {
  type AuthorizerField,
  authorizerInput,
  authorizerOf,
  changedAuthorizer,
  inboundAnswer,
  keyInput,
  keysAskedFor,
  newKeys,
  planKeys,
} from './authorizers.ts'
import { placeOf, type VolcengineContext } from './context.ts'
import { idsOf } from './ids.ts'
import { allOf, chosen } from './list.ts'
import { pathOf } from './path-of.ts'
import { createToolset, listServices, oneToolset, updateToolset } from './schemas.ts'
import { servedAnswer } from './service-answer.ts'

const field: AuthorizerField = 'AuthorizerConfiguration'

const words = {
  resource: 'MCPToolset',
  fields: {
    name: 'Name',
    path: 'Path',
    projectName: 'ProjectName',
    clientToken: 'ClientToken',
    serviceIds: 'MCPServiceIds',
    authorizers: field,
  },
}

const plain = z.object({ name: scalars.name, projectName: scalars.text(255).default('default') })
const members = z.object({ serviceIds })

/** CreateMCPToolset, GetMCPToolset, UpdateMCPToolset, ListMCPToolsets, DeleteMCPToolset. */
export function toolsetActions(context: VolcengineContext): Actions {
  const { catalog, sealer } = context
  const { toolsets, keys } = catalog
  return {
    CreateMCPToolset: action(words, createToolset, async (input, { requestId }) => {
      const { Name, ProjectName, Path, ClientToken, MCPServiceIds, AuthorizerConfiguration: inbound, ...rest } = input
      const id = createId('set')
      const named = keysAskedFor(inbound, field)
      newKeys(named, field)
      const own = named.map(({ name }) => keyInput(id, name, sealer))
      const { service } = await toolsets.create(
        {
          id,
          ...checkedAs(plain, { name: Name, ...(ProjectName ? { projectName: ProjectName } : {}) }, words),
          path: placeOf(id) + pathOf(Path, words),
          // As a toolset of the originals is.
          backend: { type: 'toolset', serviceIds: membersIn(MCPServiceIds), mode: 'search' },
          authorizers: [authorizerInput(authorizerOf(inbound, field), own)],
          annotations: kept(rest),
        },
        { requestId },
        ClientToken ? { token: ClientToken, request: input } : undefined,
      )
      return { MCPToolsetId: service.id }
    }),

    GetMCPToolset: action(words, oneToolset, ({ MCPToolsetId }) => ({
      MCPToolset: shown(toolsets.get(MCPToolsetId), sealer),
    })),

    UpdateMCPToolset: action(words, updateToolset, async (input, { requestId }) => {
      const { MCPToolsetId: id, Name, MCPServiceIds, AuthorizerConfiguration: inbound, ClientToken: _, ...rest } = input
      const toolset = toolsets.get(id)
      const isRenewed = inbound?.AuthorizerType === 'ApiKey'
      const plan = isRenewed ? planKeys(id, keys.list(id), keysAskedFor(inbound, field), context, field) : undefined
      const change = {
        annotations: kept({ ...toolset.annotations, ...rest }),
        ...(Name === undefined ? {} : { name: checkedAs(plain, { name: Name }, words).name }),
        ...(MCPServiceIds === undefined ? {} : { toolset: { serviceIds: membersIn(MCPServiceIds) } }),
        ...(inbound === undefined ? {} : { authorizers: [changedAuthorizer(toolset, inbound, field)] }),
      }
      await toolsets.update(id, change, { requestId }, plan)
      return { MCPToolsetId: id }
    }),

    ListMCPToolsets: action(words, listServices, (input) => {
      const { items, facts } = chosen(allOf(toolsets), input, (toolset) => shown(toolset))
      return { MCPToolsets: items, ...facts }
    }),

    DeleteMCPToolset: action(words, oneToolset, async ({ MCPToolsetId }, { requestId }) => {
      await toolsets.delete(MCPToolsetId, { requestId })
      return { MCPToolsetId }
    }),
  }

  function membersIn(given: string | readonly string[]): readonly string[] {
    return checkedAs(members, { serviceIds: idsOf(given, 'MCPServiceIds') }, words).serviceIds
  }

  /** A toolset as the originals show one; the values of its keys only with what opens them. */
  function shown(toolset: Service, opening?: Sealer) {
    const { NetworkConfiguration: _, ...annotations } = toolset.annotations ?? {}
    const ids = toolset.backend.type === 'toolset' ? toolset.backend.serviceIds : []
    return {
      Tags: [] as unknown,
      ...annotations,
      MCPToolsetId: toolset.id,
      ...servedAnswer(toolset, context),
      MCPServices: ids.map((id) => ({ MCPServiceId: id, ...servedAnswer(catalog.services.get(id), context) })),
      AssociatedRuntimes: [],
      AuthorizerConfiguration: inboundAnswer(toolset, keys.list(toolset.id), opening),
    }
  }
}
