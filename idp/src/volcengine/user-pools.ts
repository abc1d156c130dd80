import {
  type Actions,
  action,
  checkedAs,
  kept,
  numbered,
  numberedPage,
  poolCreate,
  poolPatch,
  spellingsOf,
  split,
  tags,
} from '@postern/server'
import { z } from 'zod'
import type { Annotations, PoolWithTotals } from '../directory/types.ts'
import { poolUrls } from '../directory/urls.ts'
import { time, type VolcengineContext } from './context.ts'
import { every, holds } from './every.ts'
import { filled } from './filled.ts'

/** What a pool of the originals is, where it differs from ours. */
const profile = { signingAlgorithm: 'RS256', accessTokenTtl: 36_000, audience: 'client_id' } as const

const text = z.string().exactOptional()
const flag = z.boolean().exactOptional()

/** Ours by their names, as far as Update may set them. */
const changeable = {
  Name: 'name',
  Description: 'description',
  SelfSignUpEnabled: 'selfSignUpEnabled',
  SelfAccountRecoveryEnabled: 'selfAccountRecoveryEnabled',
  SignUpAutoVerificationEnabled: 'signUpAutoVerificationEnabled',
  Brand: 'brand',
} as const
const names = {
  ...changeable,
  ProjectName: 'projectName',
  SignInAttributes: 'signInAttributes',
  RequiredSignUpAttributes: 'requiredSignUpAttributes',
} as const
/** Set once, and nothing of what is kept. */
const fixed = ['UserPoolUid', 'ProjectName', 'SignInAttributes', 'RequiredSignUpAttributes', 'Tags'] as const

const words = { resource: 'UserPool', fields: spellingsOf(names) }

const keptFlags = {
  // Taken in silence, a pool would seem shut that is open.
  PasswordSignInEnabled: z
    .literal(true, 'people sign in with passwords here, and it cannot be turned off; leave it out, or send true')
    .exactOptional(),
  UnconfirmedUserSignInEnabled: flag,
  EmailPasswordlessSignInEnabled: flag,
  SmsPasswordlessSignInEnabled: flag,
  SmsAnonymousSignUpEnabled: flag,
}
const fields = { Description: text, Brand: z.looseObject({ Name: text, LogoUri: text }).exactOptional(), ...keptFlags }
const create = z.looseObject({ Name: z.string(), ProjectName: text, Tags: tags.exactOptional(), ...fields })
const one = z.looseObject({ UserPoolUid: z.string() })
const update = z.looseObject({ UserPoolUid: z.string(), Name: text, ...fields })
const list = z.looseObject({
  ...numberedPage,
  ProjectName: text,
  Filter: z.looseObject({ Name: text, Description: text, Uid: text }).exactOptional(),
  TagFilters: z.array(z.looseObject({ Key: z.string(), Values: z.array(z.string()).exactOptional() })).exactOptional(),
})

/** CreateUserPool, GetUserPool, UpdateUserPool, ListUserPools, DeleteUserPool. */
export function userPoolActions({ directory, idpUrl }: VolcengineContext): Actions {
  const shown = async (pool: PoolWithTotals) => poolAnswer(pool, await directory.annotations.get(pool.id), idpUrl())
  return {
    CreateUserPool: action(words, create, async (input, origin) => {
      const { named, rest } = split(input, names)
      const fields = checkedAs(poolCreate, { ...ours(named, undefined), ...profile }, words)
      const pool = await directory.change(async (rooms) => {
        const made = await rooms.pools.create(fields)
        await rooms.annotations.set(made.id, undefined, kept(rest))
        return made
      }, origin)
      return await shown(pool)
    }),

    GetUserPool: action(words, one, async ({ UserPoolUid }) => shown(await directory.pools.get(UserPoolUid))),

    UpdateUserPool: action(words, update, async ({ UserPoolUid: id, ...input }, origin) => {
      const { named, rest } = split(input, changeable)
      const patch = checkedAs(poolPatch, ours(named, null), words)
      for (const field of fixed) delete rest[field]
      const pool = await directory.change(async (rooms) => {
        const present = await rooms.annotations.get(id)
        const { id: _, ...changes } = patch
        const changed = await rooms.pools.update(id, changes)
        await rooms.annotations.set(id, undefined, kept({ ...present, ...rest }))
        return changed
      }, origin)
      return await shown(pool)
    }),

    ListUserPools: action(words, list, async (input) => {
      const { Filter = {}, TagFilters = [], ProjectName } = input
      const matching: (PoolWithTotals & { annotations: Annotations })[] = []
      for (const pool of await every(directory.pools.list)) {
        const isIt =
          (ProjectName === undefined || pool.projectName === ProjectName) &&
          (Filter.Uid === undefined || pool.id === Filter.Uid) &&
          holds(pool.name, Filter.Name) &&
          holds(pool.description, Filter.Description)
        if (!isIt) continue
        const annotations = await directory.annotations.get(pool.id)
        if (hasTags(annotations, TagFilters)) matching.push({ ...pool, annotations })
      }
      const { items, facts } = numbered(matching, input)
      return { Data: items.map((pool) => poolItem(pool, pool.annotations, idpUrl())), ...facts }
    }),

    DeleteUserPool: action(words, one, async ({ UserPoolUid }, origin) => {
      await directory.from(origin).pools.delete(UserPoolUid)
      return { Message: 'success' }
    }),
  }
}

/**
 * Fields in our words.
 *
 * @param none what a text of nothing is: null clears what there is, undefined is nothing for what is new
 */
function ours(named: Readonly<Record<string, unknown>>, none: null | undefined): Record<string, unknown> {
  const { brand, description, ...rest } = named
  return {
    ...rest,
    ...filled('description', description, none),
    ...(typeof brand === 'object' && brand !== null ? { brand: brandOf(brand, none) } : {}),
  }
}

function brandOf(brand: { readonly Name?: unknown; readonly LogoUri?: unknown }, none: null | undefined) {
  return { ...filled('name', brand.Name, none), ...filled('logoUri', brand.LogoUri, none) }
}

function hasTags({ Tags }: Annotations, filters: readonly { Key: string; Values?: readonly string[] }[]): boolean {
  const found = tags.safeParse(Tags ?? [])
  const own = found.success ? found.data : []
  return filters.every(({ Key, Values }) =>
    own.some((tag) => tag.Key === Key && (Values === undefined || Values.includes(tag.Value ?? ''))),
  )
}

function poolItem(pool: PoolWithTotals, annotations: Annotations, idpUrl: string) {
  return {
    Uid: pool.id,
    Trn: `trn:id:::userpool/${pool.id}`,
    Name: pool.name,
    Description: pool.description ?? '',
    ProjectName: pool.projectName,
    Domain: new URL(idpUrl).host,
    Tags: annotations['Tags'] ?? [],
    TotalUsers: pool.totalUsers,
    TotalClients: pool.totalClients,
    TotalConnections: 0,
    CreateTime: time(pool.createdAt),
    UpdateTime: time(pool.updatedAt),
  }
}

function poolAnswer(pool: PoolWithTotals, annotations: Annotations, idpUrl: string) {
  const { issuer, discoveryUrl, tokenUrl, jwksUrl } = poolUrls(idpUrl, pool.id)
  const { name, logoUri } = pool.brand
  return {
    PasswordSignInEnabled: true,
    UnconfirmedUserSignInEnabled: false,
    EmailPasswordlessSignInEnabled: false,
    SmsPasswordlessSignInEnabled: false,
    SmsAnonymousSignUpEnabled: false,
    ...annotations,
    ...poolItem(pool, annotations, idpUrl),
    SignInAttributes: pool.signInAttributes,
    RequiredSignUpAttributes: pool.requiredSignUpAttributes,
    SelfSignUpEnabled: pool.selfSignUpEnabled,
    SelfAccountRecoveryEnabled: pool.selfAccountRecoveryEnabled,
    SignUpAutoVerificationEnabled: pool.signUpAutoVerificationEnabled,
    Brand: { Name: name ?? '', LogoUri: logoUri ?? '' },
    DiscoveryUrl: discoveryUrl,
    IssuerUrl: issuer,
    TokenUrl: tokenUrl,
    TokenSigningKeyUrl: jwksUrl,
    // Nobody signs in through another provider here.
    ...Object.fromEntries(
      ['Oidc', 'Oauth', 'Saml'].flatMap((kind) => [
        [`${kind}LoginCallbackUrl`, ''],
        [`${kind}SignUpCallbackUrl`, ''],
      ]),
    ),
    Enabled: pool.enabled,
  }
}
