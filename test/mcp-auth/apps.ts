import { request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { EventInput } from '@postern/core'
import * as ours from '@postern/resource-server/mcp-auth'
import { createFakeIssuer, type FakeIssuer } from '@postern/resource-server/testing'
import express, { type RequestHandler } from 'express'
import * as theirs from 'mcp-auth'

export const resource = 'https://mcp.example/mcp'
export const metadataUrl = 'https://mcp.example/.well-known/oauth-protected-resource/mcp'

/** The errors that a verifier of one's own may throw; each library has its own classes of these names. */
export interface Errors {
  readonly MCPAuthTokenVerificationError: new (code: 'invalid_token' | 'token_verification_failed') => Error
  readonly MCPAuthBearerAuthError: new (
    code: 'invalid_audience' | 'missing_required_scopes',
    details?: { missingScopes?: string[] },
  ) => Error
  readonly MCPAuthAuthServerError: new (code: 'missing_jwks_uri') => Error
}

export interface Verified {
  readonly token: string
  readonly issuer: string
  readonly clientId: string
  readonly scopes: string[]
  readonly audience?: string | string[]
  readonly subject?: string
  readonly expiresAt?: number
}

/** What theirs takes. That a program may do worse is the point of some rows. */
export type Verifier = (token: string) => Promise<Verified>

/** A program that uses either library in the same way. */
export interface Program {
  /** Default: the protected resource. */
  readonly legacy?: boolean
  /** Default: metadata that is given. */
  readonly discovery?: boolean
  readonly audience?: string
  /** Default: read and write. */
  readonly requiredScopes?: string[]
  readonly jwt?: ours.VerifyJwtConfig
  readonly showErrorDetails?: boolean
  /** Instead of JWTs. */
  readonly verify?: (issuer: FakeIssuer, errors: Errors) => Verifier
}

export function serverMetadata({ issuer, jwksUri }: Pick<FakeIssuer, 'issuer' | 'jwksUri'>) {
  return {
    issuer,
    jwksUri,
    authorizationEndpoint: `${issuer}/authorize`,
    tokenEndpoint: `${issuer}/token`,
    responseTypesSupported: ['code'],
    codeChallengeMethodsSupported: ['S256'],
    registrationEndpoint: `${issuer}/register`,
  }
}

/** The same as a document. */
export function serverDocument({ issuer, jwksUri }: Pick<FakeIssuer, 'issuer' | 'jwksUri'>) {
  return {
    issuer,
    jwks_uri: jwksUri,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    response_types_supported: ['code'],
    code_challenge_methods_supported: ['S256'],
    registration_endpoint: `${issuer}/register`,
    x_foo: true,
  }
}

interface Handlers {
  readonly guard: RequestHandler
  readonly metadata: RequestHandler
}

function configOf(program: Program, issuer: FakeIssuer) {
  const type = 'oidc' as const
  const server = program.discovery ? { issuer: issuer.issuer, type } : { metadata: serverMetadata(issuer), type }
  return program.legacy
    ? { server }
    : {
        protectedResources: {
          metadata: { resource, authorizationServers: [server], scopesSupported: ['read', 'write'] },
        },
      }
}

function routeOf({ legacy, audience, requiredScopes = ['read', 'write'], showErrorDetails }: Program) {
  return {
    requiredScopes,
    ...(legacy ? {} : { resource }),
    ...(audience === undefined ? {} : { audience }),
    ...(showErrorDetails === undefined ? {} : { showErrorDetails }),
  }
}

export type Library = 'theirs' | 'ours'

type Build = (program: Program, issuer: FakeIssuer, onEvent: (event: EventInput) => void) => Handlers

const builds: Readonly<Record<Library, Build>> = {
  theirs(program, issuer) {
    const mcpAuth = quietly(() => new theirs.MCPAuth(configOf(program, issuer)))
    const { jwt, verify } = program
    const guard =
      verify === undefined
        ? mcpAuth.bearerAuth('jwt', { ...routeOf(program), ...jwt })
        : mcpAuth.bearerAuth(verify(issuer, theirs), routeOf(program))
    return { guard, metadata: program.legacy ? mcpAuth.delegatedRouter() : mcpAuth.protectedResourceMetadataRouter() }
  },
  ours(program, issuer, onEvent) {
    const shared = { errorFormat: 'mcp-auth', kit: { onEvent } } as const
    const mcpAuth = new ours.MCPAuth({ ...configOf(program, issuer), ...shared })
    const { jwt, verify } = program
    const guard = quietly(() =>
      verify === undefined
        ? mcpAuth.bearerAuth('jwt', { ...routeOf(program), ...jwt })
        : mcpAuth.bearerAuth(verify(issuer, ours), routeOf(program)),
    )
    return { guard, metadata: program.legacy ? mcpAuth.delegatedRouter() : mcpAuth.protectedResourceMetadataRouter() }
  },
}

/** What both libraries say on the console when they are made is no part of what is compared. */
function quietly<T>(make: () => T): T {
  const { warn } = console
  console.warn = () => undefined
  try {
    return make()
  } finally {
    console.warn = warn
  }
}

export interface Sent {
  readonly method?: string
  readonly path?: string
  readonly headers?: Readonly<Record<string, string | string[]>>
}

/** An answer, boiled down to what programs go by. */
export interface Answer {
  readonly status: number
  /** `error` of the body. */
  readonly error?: unknown
  /** `error` of the challenge. */
  readonly challenge?: string
  readonly missing?: unknown
}

export interface Seen extends Answer {
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: string
}

export interface App {
  readonly issuer: FakeIssuer
  readonly events: readonly EventInput[]
  /** What the handler behind the guard saw, the last time. */
  auth(): unknown
  send(sent: Sent): Promise<Seen>
  close(): Promise<void>
}

/** A program with one of the libraries, and an authorization server of its own. */
export async function start(library: Library, program: Program): Promise<App> {
  const issuer = await createFakeIssuer({ audience: resource })
  issuer.fail('metadata', { body: serverDocument(issuer) })
  const events: EventInput[] = []
  const { guard, metadata } = builds[library](program, issuer, (event) => void events.push(event))
  let auth: unknown
  const app = express()
  // Its error pages keep their stack, and the console keeps quiet.
  app.set('env', 'test')
  app.use(metadata)
  app.use('/mcp', guard, (req, res) => {
    auth = req.auth
    res.json({ ok: true })
  })
  const server = app.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  return {
    issuer,
    events,
    auth: () => auth,
    send: (sent) => send(port, sent),
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await Promise.all([closed, issuer.close()])
    },
  }
}

function send(port: number, { method = 'POST', path = '/mcp', headers = {} }: Sent): Promise<Seen> {
  return new Promise((resolve, reject) => {
    const sending = httpRequest({ host: '127.0.0.1', port, agent: false, method, path, headers }, (res) => {
      let body = ''
      res.setEncoding('utf8').on('data', (chunk: string) => {
        body += chunk
      })
      res.on('end', () => {
        const seen = Object.entries(res.headers).map(([name, value]) => [name, value?.toString()] as const)
        resolve(boilDown(res.statusCode ?? 0, Object.fromEntries(seen), body))
      })
    })
    sending.on('error', reject).end()
  })
}

function boilDown(status: number, headers: Seen['headers'], body: string): Seen {
  // By a pattern, because mcp-auth's headers do not all parse.
  const challenge = /\berror="([^"]*)"/.exec(headers['www-authenticate'] ?? '')?.[1]
  const json: Record<string, unknown> = headers['content-type']?.includes('json') === true ? JSON.parse(body) : {}
  return {
    status,
    headers,
    body,
    ...(json['error'] === undefined ? {} : { error: json['error'] }),
    ...(challenge === undefined ? {} : { challenge }),
    ...(json['missing_scopes'] === undefined ? {} : { missing: json['missing_scopes'] }),
  }
}

export function answerOf({ headers: _, body: __, ...answer }: Seen): Answer {
  return answer
}

export function bearer(token: string): Sent {
  return { headers: { authorization: `Bearer ${token}` } }
}
