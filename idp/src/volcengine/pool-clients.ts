import {
  type Actions,
  action,
  checkedAs,
  clientCreate,
  clientPatch,
  kept,
  numbered,
  numberedPage,
  spellingsOf,
  split,
} from '@postern/server'
import { z } from 'zod'
import type { Annotations, Client } from '../directory/types.ts'
import { poolPaths, poolUrls } from '../directory/urls.ts'
import { time, type VolcengineContext } from './context.ts'
import { every, holds } from './every.ts'
import { filled } from './filled.ts'
import { inPool } from './refusals.ts'

const text = z.string().exactOptional()
const flag = z.boolean().exactOptional()
const texts = z.array(z.string()).exactOptional()

const changeable = {
  Name: 'name',
  LogoUri: 'logoUri',
  AllowedCallbackUrls: 'redirectUris',
  AllowedLogoutUrls: 'postLogoutRedirectUris',
  SkipConsentEnabled: 'skipConsentEnabled',
} as const
const names = { ...changeable, ClientType: 'clientType' } as const
const words = { resource: 'UserPoolClient', fields: { ...spellingsOf(names), refreshTokenTtl: 'RefreshToken' } }

const fields = {
  Description: text,
  LogoUri: text,
  AllowedCallbackUrls: texts,
  SkipConsentEnabled: flag,
  DismissLoginPageEnabled: flag,
  DevelopmentModeEnabled: flag,
}
const seconds = z.number().int().min(0).exactOptional()
const create = z.looseObject({
  UserPoolUid: z.string(),
  Name: z.string(),
  ClientType: z.string(),
  DeviceFlowEnabled: flag,
  ...fields,
})
const one = z.looseObject({ UserPoolUid: z.string(), ClientUid: z.string() })
const update = z.looseObject({
  UserPoolUid: z.string(),
  ClientUid: z.string(),
  Name: text,
  AllowedLogoutUrls: texts,
  AllowedWebOrigins: texts,
  AllowedCors: texts,
  // Spelled so in this input, and with a small "t" in answers.
  IdToken: z.looseObject({ LifeTimeSeconds: seconds, LifetimeSeconds: seconds }).exactOptional(),
  RefreshToken: z
    .looseObject({
      CombinedLifetimeSeconds: seconds,
      IdleLifetimeSeconds: seconds,
      HasCombinedLifetime: flag,
      HasIdleLifetime: flag,
      Rotation: z.unknown().optional(),
    })
    .exactOptional(),
  ...fields,
})
const list = z.looseObject({
  UserPoolUid: z.string(),
  ...numberedPage,
  Filter: z.looseObject({ Name: text, Description: text, ClientTypes: texts }).exactOptional(),
})

/** CreateUserPoolClient, GetUserPoolClient, UpdateUserPoolClient, ListUserPoolClients, DeleteUserPoolClient. */
export function poolClientActions({ directory, sealer, idpUrl }: VolcengineContext): Actions {
  return {
    CreateUserPoolClient: action(words, create, async ({ UserPoolUid: poolId, ...input }, origin) => {
      await inPool(directory.pools.get(poolId))
      const { named, rest } = split(input, names)
      const fields = checkedAs(clientCreate, ours(named, undefined), words)
      const annotations = kept(rest)
      const { client, clientSecret } = await directory.change(async (rooms) => {
        const made = await rooms.clients.create(poolId, fields)
        const { clientId } = made.client
        await rooms.annotations.set(poolId, clientId, annotations)
        if (made.clientSecret !== undefined && sealer !== undefined) {
          const sealed = sealer.seal(made.clientSecret, sealContext(poolId, clientId))
          await rooms.annotations.keepSecret(poolId, clientId, made.clientSecret, sealed)
        }
        return made
      }, origin)
      return answer(client, annotations, clientSecret)
    }),

    GetUserPoolClient: action(words, one, async ({ UserPoolUid, ClientUid }) => {
      await inPool(directory.pools.get(UserPoolUid))
      return await shown(await directory.clients.get(UserPoolUid, ClientUid))
    }),

    UpdateUserPoolClient: action(words, update, async ({ UserPoolUid: poolId, ClientUid, ...input }, origin) => {
      await inPool(directory.pools.get(poolId))
      const { named, rest } = split(input, changeable)
      const { clientType } = await directory.clients.get(poolId, ClientUid)
      const ttl = clientType === 'MACHINE_TO_MACHINE' ? {} : refreshLifetime(input)
      const {
        clientId: _,
        clientSecret: __,
        ...patch
      } = checkedAs(clientPatch, { ...ours(named, null), ...ttl }, words)
      const client = await directory.change(async (rooms) => {
        const present = await rooms.annotations.get(poolId, ClientUid)
        const changed = await rooms.clients.update(poolId, ClientUid, patch)
        await rooms.annotations.set(poolId, ClientUid, kept({ ...present, ...respelled(rest) }))
        return changed
      }, origin)
      return await shown(client)
    }),

    ListUserPoolClients: action(words, list, async ({ UserPoolUid: poolId, Filter = {}, ...page }) => {
      const all = await inPool(every((request) => directory.clients.list(poolId, request)))
      const matching: (Client & { readonly annotations: Annotations })[] = []
      for (const client of all) {
        const { Name, Description, ClientTypes = [] } = Filter
        if (!holds(client.name, Name) || (ClientTypes.length > 0 && !ClientTypes.includes(client.clientType))) continue
        const annotations = await directory.annotations.get(poolId, client.clientId)
        if (holds(descriptionOf(annotations), Description)) matching.push({ ...client, annotations })
      }
      const { items, facts } = numbered(matching, page)
      return { Data: items.map((client) => clientItem(client, client.annotations)), ...facts }
    }),

    DeleteUserPoolClient: action(words, one, async ({ UserPoolUid, ClientUid }, origin) => {
      await inPool(directory.pools.get(UserPoolUid))
      await directory.from(origin).clients.delete(UserPoolUid, ClientUid)
      return { Message: 'success' }
    }),
  }

  async function shown(client: Client): Promise<object> {
    const { poolId, clientId } = client
    const sealed = sealer === undefined ? undefined : await directory.annotations.sealedSecret(poolId, clientId)
    const secret = sealed === undefined ? undefined : sealer?.open(sealed, sealContext(poolId, clientId))
    return answer(client, await directory.annotations.get(poolId, clientId), secret)
  }

  function answer(client: Client, annotations: Annotations, clientSecret: string | undefined) {
    const { issuer } = poolUrls(idpUrl(), client.poolId)
    const { refreshTokenTtl } = client
    return {
      DismissLoginPageEnabled: false,
      DevelopmentModeEnabled: false,
      AllowedWebOrigins: [],
      AllowedCors: [],
      ...annotations,
      ...clientItem(client, annotations),
      ...(clientSecret === undefined ? {} : { ClientSecret: clientSecret }),
      AllowedCallbackUrls: client.redirectUris,
      AllowedLogoutUrls: client.postLogoutRedirectUris,
      SkipConsentEnabled: client.skipConsentEnabled,
      LoginPageUrl: client.clientType === 'MACHINE_TO_MACHINE' ? '' : issuer + poolPaths.authorization,
      RefreshToken: {
        ...(typeof annotations['RefreshToken'] === 'object' ? annotations['RefreshToken'] : {}),
        ...(refreshTokenTtl === null ? {} : { CombinedLifetimeSeconds: refreshTokenTtl, HasCombinedLifetime: true }),
      },
    }
  }
}

/** A sealed secret opens for its own client alone. */
function sealContext(poolId: string, clientId: string): string {
  return `client-secret:${poolId}/${clientId}`
}

/** @param none what a text of nothing is: null clears what there is, undefined is nothing for what is new */
function ours({ logoUri, ...rest }: Readonly<Record<string, unknown>>, none: null | undefined) {
  return { ...rest, ...filled('logoUri', logoUri, none) }
}

function refreshLifetime({
  RefreshToken,
}: z.output<typeof update> | { RefreshToken?: z.output<typeof update>['RefreshToken'] }) {
  const { CombinedLifetimeSeconds: lifetime, HasCombinedLifetime = true } = RefreshToken ?? {}
  // The lifetime of the pool holds then.
  if (!HasCombinedLifetime) return { refreshTokenTtl: null }
  return lifetime === undefined ? {} : { refreshTokenTtl: lifetime }
}

function respelled({ IdToken, ...rest }: Readonly<Record<string, unknown>>): Record<string, unknown> {
  if (typeof IdToken !== 'object' || IdToken === null) return rest
  const { LifeTimeSeconds, ...others } = { LifeTimeSeconds: undefined, ...IdToken }
  return {
    ...rest,
    IdToken: { ...(LifeTimeSeconds === undefined ? {} : { LifetimeSeconds: LifeTimeSeconds }), ...others },
  }
}

function descriptionOf({ Description }: Annotations): string {
  return typeof Description === 'string' ? Description : ''
}

function clientItem(client: Client, annotations: Annotations) {
  return {
    Uid: client.clientId,
    Name: client.name,
    ClientType: client.clientType,
    Description: descriptionOf(annotations),
    LogoUri: client.logoUri ?? '',
    CreateTime: time(client.createdAt),
    UpdateTime: time(client.updatedAt),
  }
}
