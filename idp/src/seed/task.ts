import type { Rooms } from '../directory/types.ts'
import type { ServedBySeed } from './service-resources.ts'

/** What applying one entry of a seed needs. */
export interface Task {
  readonly rooms: Rooms
  readonly prune: boolean
  /** Services and toolsets. */
  readonly services: readonly ServedBySeed[]
  /** A resource that is a path of the gateway (`/mcp`) as a URL. */
  readonly absolute: (resource: string) => string
}
