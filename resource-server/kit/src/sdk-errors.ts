/*
 * The two SDK generations recognize the errors of a token verifier in two ways, seen in their sources:
 *
 * v1 (@modelcontextprotocol/sdk, server/auth/middleware/bearerAuth.js) tests `error instanceof InvalidTokenError`, a
 * plain prototype test against the class of its own module server/auth/errors.js. No look-alike passes it, so the class
 * itself is needed; without it every refusal would be 500. It is imported only when a token is first refused, and only
 * if that package is installed.
 *
 * v2 (@modelcontextprotocol/server, /express) tests `error instanceof OAuthError` too, but that class answers through
 * `Symbol.hasInstance`: an object carries the brand `mcp.OAuthError` under the registered symbol `mcp.sdk.errorBrands`,
 * and the gate then reads `code`, `message` and `toResponseObject()`.
 *
 * Of v1 there are two copies: the one that `import` finds, and the one that CommonJS programs have. Whose gate was loaded
 * by `require` refuses with the latter.
 *
 * So one error serves both: an instance of the v1 class where there is one, with the members and the brand of v2.
 */

export type SdkErrorCode = 'invalid_token' | 'insufficient_scope' | 'access_denied' | 'server_error'

type SdkErrorClass = new (message: string) => Error

/** The module `server/auth/errors.js` of @modelcontextprotocol/sdk, as far as it is needed. */
export interface SdkErrorClasses {
  readonly InvalidTokenError: SdkErrorClass
  readonly InsufficientScopeError: SdkErrorClass
  readonly AccessDeniedError: SdkErrorClass
  readonly ServerError: SdkErrorClass
}

const messages: Readonly<Record<SdkErrorCode, string>> = {
  invalid_token: 'The access token is malformed, expired, revoked or not meant for this resource',
  insufficient_scope: 'The access token lacks a scope that this operation needs',
  access_denied: 'Access denied',
  server_error: 'Internal Server Error',
}

const classNames = {
  invalid_token: 'InvalidTokenError',
  insufficient_scope: 'InsufficientScopeError',
  access_denied: 'AccessDeniedError',
  server_error: 'ServerError',
} as const satisfies Record<SdkErrorCode, keyof SdkErrorClasses>

/** Makes an error that the gates of both SDK generations know. */
export function toSdkError(code: SdkErrorCode, classes: SdkErrorClasses | undefined): Error {
  const message = messages[code]
  const error = classes === undefined ? new Error(message) : new classes[classNames[code]](message)
  const hidden = { enumerable: false, configurable: true }
  Object.defineProperties(error, {
    code: { value: code, ...hidden },
    toResponseObject: { value: () => ({ error: code, error_description: message }), ...hidden },
    [Symbol.for('mcp.sdk.errorBrands')]: { value: new Set(['mcp.OAuthError']), ...hidden },
  })
  return error
}

let loading: Promise<SdkErrorClasses | undefined> | undefined

/** The v1 error classes, if that package is installed where the kit can see it. Looked up once. */
export function loadSdkErrors(): Promise<SdkErrorClasses | undefined> {
  loading ??= Promise.resolve(requiredErrors() ?? importErrors())
  return loading
}

/** What the runtime keeps of the modules that were loaded by `require`, by path; empty where it has no such thing. */
function requiredModules(): Readonly<Record<string, { readonly exports: unknown } | undefined>> {
  try {
    const { createRequire } = globalThis.process.getBuiltinModule('node:module')
    return createRequire(`${globalThis.process.cwd()}/`).cache
  } catch {
    return {}
  }
}

const gatePath = /([\\/]@modelcontextprotocol[\\/]sdk[\\/].*[\\/]auth[\\/])middleware[\\/]bearerAuth\.js$/

/** The classes beside the gate of a CommonJS program, which is loaded by the time that it has a token to refuse. */
function requiredErrors(): SdkErrorClasses | undefined {
  const modules = requiredModules()
  const gate = Object.keys(modules).find((path) => gatePath.test(path))
  const errors = gate === undefined ? undefined : modules[gate.replace(gatePath, '$1errors.js')]?.exports
  return isErrorClasses(errors) ? errors : undefined
}

async function importErrors(): Promise<SdkErrorClasses | undefined> {
  // A variable, so that no bundler takes the optional package for a required one.
  const specifier = '@modelcontextprotocol/sdk/server/auth/errors.js'
  try {
    const module: unknown = await import(/* webpackIgnore: true */ /* @vite-ignore */ specifier)
    return isErrorClasses(module) ? module : undefined
  } catch {
    return undefined
  }
}

function isErrorClasses(module: unknown): module is SdkErrorClasses {
  if (typeof module !== 'object' || module === null) return false
  return Object.values(classNames).every(
    (name) => typeof Object.getOwnPropertyDescriptor(module, name)?.value === 'function',
  )
}
