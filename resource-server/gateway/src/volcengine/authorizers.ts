import { issuerFromDiscoveryUrl } from '@postern/core'
import { type Authorizer, authorizers as authorizersSchema, type Sealer, validate, WireError } from '@postern/server'
import type { ApiKey, AuthorizerInput, JwtAuthorizer, KeyInput, KeyPlan, Service } from '../catalog/types.ts'
import { sealContext, type VolcengineContext } from './context.ts'
import type { Inbound } from './schemas.ts'

/** Where a request says who is let in: services and toolsets call it differently. */
export type AuthorizerField = 'InboundAuthorizerConfiguration' | 'AuthorizerConfiguration'
const ofServices: AuthorizerField = 'InboundAuthorizerConfiguration'

function refused(field: AuthorizerField, message: string): WireError {
  return new WireError(`InvalidParameter.${field}`, 400, `${field}: ${message}`)
}

/**
 * Who is let in, in the contract's words. The originals know no audiences: where none are named, tokens for the client
 * itself are taken, and the catalogue leaves an event that says so.
 *
 * @param present who is let in until now
 */
export function authorizerOf(inbound: Inbound | undefined, field = ofServices, present?: JwtAuthorizer): Authorizer {
  const wanted = inbound?.AuthorizerType === 'CustomJWT' ? jwt(inbound, field, present) : { type: 'ApiKey' as const }
  const checked = validate(authorizersSchema, [wanted])
  const [authorizer] = checked.ok ? checked.value : []
  if (authorizer !== undefined) return authorizer
  const [first] = checked.ok ? [] : checked.errors
  throw refused(field, first === undefined ? 'is wrong' : `${first.field.replace('[0].', '')}: ${first.message}`)
}

/**
 * Who is let in after a change. What Get shows of an authorizer is not all of it: sent back, it must let in nobody else.
 *
 * @throws WireError where the service has two authorizers, of which Get shows one
 */
export function changedAuthorizer({ id, backend, authorizers }: Service, inbound: Inbound, field = ofServices) {
  if (authorizers.length > 1) {
    const room = backend.type === 'toolset' ? 'mcp-toolsets' : 'mcp-services'
    throw refused(
      field,
      `there are two authorizers, and one can be said here; leave it out, or PATCH /api/v1/${room}/${id} with both or one`,
    )
  }
  return authorizerInput(
    authorizerOf(
      inbound,
      field,
      authorizers.find((one) => one.type === 'CustomJWT'),
    ),
    [],
  )
}

/** For the same issuer, what is left out stays, and so does what cannot be said here. */
function jwt({ Authorizer: of }: Inbound, field: AuthorizerField, present: JwtAuthorizer | undefined) {
  const custom = of?.CustomJwtAuthorizer
  if (custom == null) throw refused(field, 'AuthorizerType CustomJWT needs Authorizer.CustomJwtAuthorizer')
  const { DiscoveryUrl: discoveryUrl, AllowedClients, AllowedAudiences, AllowedScopes } = custom
  const same = present?.issuer === issuerFromDiscoveryUrl(discoveryUrl) ? present : undefined
  const allowedClients = AllowedClients ?? same?.allowedClients ?? []
  const requiredScopes = AllowedScopes ?? same?.requiredScopes ?? []
  return {
    type: 'CustomJWT' as const,
    discoveryUrl,
    ...(allowedClients.length === 0 ? {} : { allowedClients }),
    ...(requiredScopes.length === 0 ? {} : { requiredScopes }),
    ...audiencesOf(AllowedAudiences, same),
    ...(same?.claims === undefined ? {} : { claims: same.claims }),
  }
}

/** Whether tokens for the client itself are taken follows from the audiences, unless those are as they were. */
function audiencesOf(asked: readonly string[] | null | undefined, same: JwtAuthorizer | undefined) {
  const before = same?.allowedAudiences ?? []
  const allowedAudiences = asked ?? before
  const isAsBefore = same !== undefined && isSameSet(allowedAudiences, before)
  const acceptClientIdAudience = isAsBefore ? same.acceptClientIdAudience === true : allowedAudiences.length === 0
  return {
    ...(allowedAudiences.length === 0 ? {} : { allowedAudiences }),
    ...(acceptClientIdAudience ? { acceptClientIdAudience } : {}),
  }
}

function isSameSet(one: readonly string[], other: readonly string[]): boolean {
  return one.every((item) => other.includes(item)) && other.every((item) => one.includes(item))
}

/** A key that is asked for by its name. */
export interface NamedKey {
  readonly name: string
  /** Of a key that exists, as Get showed it. */
  readonly value: string | undefined
}

/** @throws WireError for keys that would be looked for elsewhere than they are asked for */
export function keysAskedFor(inbound: Inbound | undefined, field = ofServices): readonly NamedKey[] {
  checkPlace(inbound, field)
  const keys = (inbound?.Authorizer?.KeyAuth?.ApiKeys ?? []).map(({ Name, Key }) => ({
    name: Name,
    value: Key == null || Key === '' ? undefined : Key,
  }))
  const twice = keys.find(({ name }, index) => keys.findIndex((other) => other.name === name) !== index)
  if (twice !== undefined) throw refused(field, 'two keys have one name; give each its own')
  const checked = validate(authorizersSchema, [{ type: 'ApiKey', apiKeys: keys.map(({ name }) => ({ name })) }])
  if (checked.ok) return keys
  const [first] = checked.errors
  if (first?.code === 'limit') throw new WireError('QuotaExceeded', 409, `${field}: ${first.message}`)
  throw refused(field, first === undefined ? 'is wrong' : first.message)
}

/** Keys come as bearers alone; what says so, as Get does, is right, and so is nothing. */
function checkPlace(inbound: Inbound | undefined, field: AuthorizerField): void {
  const { ApiKeyLocation, Parameter } = inbound?.Authorizer?.KeyAuth ?? {}
  if ((ApiKeyLocation || 'Header').toLowerCase() !== 'header') {
    throw refused(field, 'KeyAuth.ApiKeyLocation: keys are taken from a header; leave it out, or send Header')
  }
  if ((Parameter || 'Authorization').toLowerCase() !== 'authorization') {
    throw refused(
      field,
      'KeyAuth.Parameter: keys are taken from Authorization, as Bearer <key>; leave it out, or send Authorization',
    )
  }
}

/** @throws WireError where a key brings a value: they are made here */
export function newKeys(keys: readonly NamedKey[], field = ofServices): void {
  if (keys.some(({ value }) => value !== undefined)) throw refused(field, 'keys are made by the gateway; leave Key out')
}

/**
 * What becomes of the keys of a service whose keys are sent anew. The list is all that it is to have: one that comes with
 * its value stays, one that comes by its name alone is made anew, one that is not in it goes.
 */
export function planKeys(
  serviceId: string,
  present: readonly ApiKey[],
  asked: readonly NamedKey[],
  { sealer, clock }: Pick<VolcengineContext, 'sealer' | 'clock'>,
  field = ofServices,
): KeyPlan {
  const staying = asked.filter(({ value }) => value !== undefined)
  for (const { name, value } of staying) {
    const key = present.find((one) => one.name === name)
    if (key !== undefined && keptValue(key, sealer) === value) continue
    throw refused(field, 'keys are made by the gateway; leave Key out, or send it as Get shows it')
  }
  return {
    remove: present.filter(({ name }) => !staying.some((one) => one.name === name)).map(({ id }) => id),
    add: asked.flatMap(({ name, value }) => {
      if (value !== undefined) return []
      const before = present.find((one) => one.name === name)
      return [{ ...keyInput(serviceId, name, sealer), ...(before === undefined ? {} : boundsOf(before)) }]
    }),
  }

  /** A key that is made anew opens no more than it did, and for no longer: neither can be said here. */
  function boundsOf({ tools, scopes, expiresAt }: ApiKey): Omit<KeyInput, 'name'> {
    if (expiresAt !== undefined && expiresAt <= clock.now()) {
      throw refused(field, 'a key that has expired would be made anew; leave it out, or give it another name')
    }
    return {
      ...(tools === undefined ? {} : { tools }),
      ...(scopes === undefined ? {} : { scopes }),
      ...(expiresAt === undefined ? {} : { expiresAt }),
    }
  }
}

/** @param sealer keeps the value for Get; undefined: it is not kept */
export function keyInput(serviceId: string, name: string, sealer: Sealer | undefined): KeyInput {
  return { name, ...(sealer === undefined ? {} : { keep: (key) => sealer.seal(key, sealContext(serviceId)) }) }
}

export function authorizerInput(authorizer: Authorizer, keys: readonly KeyInput[]): AuthorizerInput {
  return authorizer.type === 'CustomJWT' ? authorizer : { type: 'ApiKey', apiKeys: keys }
}

/** The value of a key that was kept. */
export function keptValue(key: ApiKey, sealer: Sealer | undefined): string | undefined {
  return key.kept === undefined ? undefined : sealer?.open(key.kept, sealContext(key.serviceId))
}

/**
 * The first authorizer of a service, for the originals know one.
 *
 * @param sealer opens the values of keys; undefined: they are not shown
 */
export function inboundAnswer(service: Service, keys: readonly ApiKey[], sealer: Sealer | undefined) {
  const jwt = service.authorizers.find((one) => one.type === 'CustomJWT')
  if (jwt !== undefined && service.authorizers[0]?.type === 'CustomJWT') {
    const { discoveryUrl, allowedClients = [], allowedAudiences, requiredScopes } = jwt
    const CustomJwtAuthorizer = {
      DiscoveryUrl: discoveryUrl,
      AllowedClients: allowedClients,
      ...(allowedAudiences === undefined ? {} : { AllowedAudiences: allowedAudiences }),
      ...(requiredScopes === undefined ? {} : { AllowedScopes: requiredScopes }),
    }
    return { AuthorizerType: 'CustomJWT', Authorizer: { CustomJwtAuthorizer } }
  }
  const ApiKeys = keys.map((key) => ({ Name: key.name, Key: keptValue(key, sealer) ?? '' }))
  return {
    AuthorizerType: 'ApiKey',
    Authorizer: { KeyAuth: { ApiKeys, ApiKeyLocation: 'Header', Parameter: 'Authorization' } },
  }
}
