import type { MaybePromise } from '@postern/core'
import type { AuthInfo } from './auth-info.ts'
import { ConfigError } from './options/config-error.ts'
import type { InboundRequest } from './request.ts'
import type { RequiredScopes } from './requirement.ts'

/** What single MCP operations need besides what their route needs. Made by `@postern/resource-server/mcp`. */
export interface Operations {
  /** For the gate: what the operations in the body of a request need. Throws or rejects with `Refusal`. */
  needsOf(request: InboundRequest, auth: AuthInfo): MaybePromise<readonly RequiredScopes[]>
}

/** Reads the option `operations` of a guard. */
export function readOperations(value: unknown): Operations | undefined {
  if (value === undefined || isOperations(value)) return value
  throw new ConfigError('operations', 'must be what protectOperations of @postern/resource-server/mcp gives')
}

function isOperations(value: unknown): value is Operations {
  return typeof value === 'object' && value !== null && 'needsOf' in value && typeof value.needsOf === 'function'
}
