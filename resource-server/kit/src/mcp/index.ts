/** For MCP servers on either generation of the SDK: scopes of single operations, the caller inside a tool, sessions. */
export { authInfoOf, type HandlerContext } from './auth-info-of.ts'
export { bindToCaller } from './bind-state.ts'
export { bindEventStore, type EventStore } from './event-store.ts'
export type { OperationRules, ScopesByName } from './operation-rules.ts'
export {
  type ProtectedOperations,
  protectOperations,
  protectTool,
  type ScopeChallengeHandler,
} from './protect-operations.ts'
export {
  bindSessions,
  callerKey,
  createSessionId,
  type Sessions,
  type SessionsOptions,
  sessionNotFound,
} from './sessions.ts'
