import { type Authorizer, authorizers as authorizersSchema, type Sealer, validate, WireError } from '@postern/server'
import type { ApiKey, AuthorizerInput, KeyInput, KeyPlan, Service } from '../catalog/types.ts'
import { sealContext } from './context.ts'
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
 */
export function authorizerOf(inbound: Inbound | undefined, field = ofServices): Authorizer {
  const wanted = inbound?.AuthorizerType === 'CustomJWT' ? jwt(inbound, field) : { type: 'ApiKey' as const }
  const checked = validate(authorizersSchema, [wanted])
  const [authorizer] = checked.ok ? checked.value : []
  if (authorizer !== undefined) return authorizer
  const [first] = checked.ok ? [] : checked.errors
  throw refused(field, first === undefined ? 'is wrong' : `${first.field.replace('[0].', '')}: ${first.message}`)
}

function jwt({ Authorizer: of }: Inbound, field: AuthorizerField) {
  const custom = of?.CustomJwtAuthorizer
  if (custom == null) throw refused(field, 'AuthorizerType CustomJWT needs Authorizer.CustomJwtAuthorizer')
  const { DiscoveryUrl: discoveryUrl, AllowedClients, AllowedAudiences, AllowedScopes } = custom
  return {
    type: 'CustomJWT' as const,
    discoveryUrl,
    ...(AllowedClients?.length ? { allowedClients: AllowedClients } : {}),
    ...(AllowedScopes?.length ? { requiredScopes: AllowedScopes } : {}),
    ...(AllowedAudiences?.length ? { allowedAudiences: AllowedAudiences } : { acceptClientIdAudience: true }),
  }
}

/** A key that is asked for by its name. */
export interface NamedKey {
  readonly name: string
  /** Of a key that exists, as Get showed it. */
  readonly value: string | undefined
}

export function keysAskedFor(inbound: Inbound | undefined, field = ofServices): readonly NamedKey[] {
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
  sealer: Sealer | undefined,
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
    add: asked.flatMap(({ name, value }) => (value === undefined ? [keyInput(serviceId, name, sealer)] : [])),
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

/** The first authorizer of a service, for the originals know one. */
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
