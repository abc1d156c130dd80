import type { JsonObject } from '../../backends/json-rpc.ts'
import type { BackendService, Backends, Caller, ConnectOptions, ServerDescription } from '../../backends/types.ts'
import type { ToolsetLimits } from '../../limits.ts'

/** What services have said about themselves. */
export interface Introductions {
  /** Meets a service, or remembers what it said; undefined when it cannot be had soon enough. */
  meet(member: BackendService, caller: Caller, options: ConnectOptions): Promise<ServerDescription | undefined>
  forget(serviceId: string): void
}

/** A service that is known is not started to be met again: the first request that needs it does that. */
export function createIntroductions(backends: Pick<Backends, 'connect'>, limits: ToolsetLimits): Introductions {
  const known = new Map<string, { readonly revision: number; readonly server: ServerDescription }>()

  const connect = async (member: BackendService, caller: Caller, options: ConnectOptions) => {
    const lease = await backends.connect(member, caller, options)
    lease.release()
    const { server } = lease.connection
    known.set(member.id, { revision: member.backendRevision, server })
    return server
  }
  return {
    async meet(member, caller, options) {
      const before = known.get(member.id)
      if (before?.revision === member.backendRevision) return before.server
      const { promise: late, resolve } = Promise.withResolvers<undefined>()
      const timer = setTimeout(() => resolve(undefined), limits.introduceMs)
      const met = connect(member, caller, options).catch(() => undefined)
      return await Promise.race([met, late]).finally(() => clearTimeout(timer))
    },
    forget: (serviceId) => void known.delete(serviceId),
  }
}

export function capabilitiesOf(servers: readonly (ServerDescription | undefined)[]): JsonObject[] {
  return servers.flatMap((server) => (server === undefined ? [] : [server.capabilities]))
}

/** What each service says about how to use it, under its name. */
export function instructionsOf(
  introduced: readonly { readonly id: string; readonly server: ServerDescription | undefined }[],
  longest: number,
): string | undefined {
  const parts = introduced.flatMap(({ id, server }) =>
    server?.instructions === undefined ? [] : [`# ${id}\n\n${server.instructions.slice(0, longest).toWellFormed()}`],
  )
  return parts.length === 0 ? undefined : parts.join('\n\n')
}
