import type { AuthInfo } from '@postern/resource-server'
import type { Caller } from '../backends/types.ts'
import type { AccessSubject } from '../catalog/access/rules.ts'
import { subjectOf } from './policy/subject.ts'

/** A caller as the protocol knows it. */
export interface Principal {
  readonly caller: Caller
  /** The only tools that the caller may see and call; undefined: all. */
  readonly tools: ReadonlySet<string> | undefined
  /** The caller as rules see them. */
  readonly subject: () => AccessSubject
  /** Epoch milliseconds at which the credential ends; undefined: never. */
  readonly expiresAt: number | undefined
}

const known = new WeakMap<AuthInfo, Principal>()

/** Who calls, without the credential. The same object for the same verified credential. */
export function principalOf(auth: AuthInfo): Principal {
  const before = known.get(auth)
  if (before !== undefined) return before
  let subject: AccessSubject | undefined
  const principal: Principal = {
    caller: callerOf(auth),
    tools: toolsOf(auth),
    subject: () => {
      subject ??= subjectOf(auth)
      return subject
    },
    expiresAt: auth.expiresAt === undefined ? undefined : auth.expiresAt * 1000,
  }
  known.set(auth, principal)
  return principal
}

function callerOf({ kind, issuer, subject, clientId, scopes, extra }: AuthInfo): Caller {
  if (kind === 'api-key') {
    const { apiKeyName } = extra
    const name = typeof apiKeyName === 'string' ? { apiKeyName } : {}
    return { key: subject, kind, subject, clientId, scopes, ...name }
  }
  // A list, written as JSON, cannot be made to look like another one by what stands in its parts.
  return { key: JSON.stringify([issuer, subject, clientId]), kind, subject, clientId, issuer, scopes }
}

function toolsOf({ kind, extra }: AuthInfo): ReadonlySet<string> | undefined {
  const { tools } = extra
  if (kind !== 'api-key' || tools === undefined) return undefined
  return new Set(Array.isArray(tools) ? tools.filter((tool) => typeof tool === 'string') : [])
}
