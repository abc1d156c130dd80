/**
 * Options for the issuers of well-known providers, whose tokens differ from RFC 9068 each in its own way. Each gives an
 * entry of `issuers`, to be used as it is or spread into one of your own.
 *
 * @example
 * createResourceServer({ resource, issuers: [okta({ domain: 'dev-1.okta.com', audience: resource })] })
 *
 * They throw `ConfigError` for options that cannot be right.
 */
export { type AgentKitOptions, agentkit } from './agentkit.ts'
export { type Auth0Options, auth0 } from './auth0.ts'
export { type CognitoOptions, cognito } from './cognito.ts'
export { type EntraOptions, entra } from './entra.ts'
export { type GoogleOptions, google } from './google.ts'
export { type KeycloakOptions, keycloak } from './keycloak.ts'
export { type OktaOptions, okta } from './okta.ts'
