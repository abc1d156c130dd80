import type { Adapter } from 'oidc-provider'
import type { Revocations } from './revocations.ts'

/** The store of grants, which notes for resource servers each one that is ended: however the library comes to end it. */
export function endingGrants(adapter: Adapter, revocations: Pick<Revocations, 'grantEnded'>, poolId: string): Adapter {
  return {
    ...adapter,
    async destroy(id) {
      const grant = await adapter.find(id)
      if (grant) await revocations.grantEnded(poolId, id, grant.clientId)
      await adapter.destroy(id)
    },
  }
}
