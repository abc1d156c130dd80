import { whenReady } from '@postern/core'
import type { AuthInfo } from '../auth-info.ts'
import type { Operations } from '../operations.ts'
import { Refusal } from '../refusal.ts'
import type { RequiredScopes } from '../requirement.ts'
import type { ResourceServer, ScopedCaller } from '../resource-server.ts'
import { readMessages } from './messages.ts'
import { type OperationRules, type RulesOf, readOperationRules } from './operation-rules.ts'
import { type Operation, operationsIn } from './operations-in.ts'

/** A `ScopeChallengeHandler` of SDK v2. */
export type ScopeChallengeHandler = (context: {
  readonly request: { readonly method: string }
  readonly authInfo?: ScopedCaller
}) => { scopes: [string, ...string[]]; errorDescription: string } | undefined

/** Rules about single operations, in the two forms that they are applied in. */
export interface ProtectedOperations extends Operations {
  /**
   * For `scopeChallenge` of SDK v2's `registerTool`, `registerPrompt` and `registerResource`, one handler for all of them.
   * Behind a guard with `operations` it is not needed; it serves who has another guard.
   */
  readonly scopeChallenge: ScopeChallengeHandler
}

/**
 * Declares what single tools, prompts and resources need. A guard that is given these rules looks at the operations in
 * the body before the transport does: if the caller lacks a scope for one of them, nothing of the request is executed and the
 * answer is 403 with a challenge that names all scopes that are needed. It works the same for both SDK generations.
 *
 * @example
 * const operations = protectOperations(rs, { tools: { delete_file: ['files:write'] } })
 * app.post('/mcp', guard(rs, { operations }), handler)
 *
 * Throws `ConfigError`, whose `option` names the rule to mend.
 */
export function protectOperations(rs: ResourceServer, rules: OperationRules): ProtectedOperations {
  const rulesOf = readOperationRules(rules)
  return {
    needsOf: (request, auth) =>
      whenReady(readMessages(request), (messages) => {
        const operations = messages.flatMap(operationsIn)
        checkTools(operations, auth)
        return needsOf(operations, rulesOf)
      }),
    scopeChallenge({ request, authInfo }) {
      const scopes = rs.stepUp(authInfo, needsOf(operationsIn(request), rulesOf))
      if (scopes === undefined) return undefined
      const [first, ...others] = scopes
      if (first === undefined) throw new TypeError('the caller lacks scopes that no client is asked for')
      return {
        scopes: [first, ...others],
        errorDescription: 'The access token lacks a scope that this operation needs',
      }
    },
  }
}

/** The same for a single tool. */
export function protectTool(rs: ResourceServer, name: string, scopes: RequiredScopes): ProtectedOperations {
  return protectOperations(rs, { tools: { [name]: scopes } })
}

/** Each rule once, however often a batch asks for its operation. */
function needsOf(operations: readonly Operation[], rulesOf: RulesOf): readonly RequiredScopes[] {
  return [...new Set(rulesOf(operations))]
}

/** An API key may be good for some tools only. */
function checkTools(operations: readonly Operation[], { kind, extra }: AuthInfo): void {
  const { tools } = extra
  if (kind !== 'api-key' || !Array.isArray(tools)) return
  if (operations.some((operation) => operation.kind === 'tool' && !tools.includes(operation.name))) {
    throw new Refusal('tool_not_allowed')
  }
}
