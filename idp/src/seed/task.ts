import type { Seed } from '@postern/server'
import type { Rooms } from '../directory/types.ts'

/** What applying one entry of a seed needs. */
export interface Task {
  readonly rooms: Rooms
  readonly prune: boolean
  readonly services: Seed['services']
  /** A resource that is a path of the gateway (`/mcp`) as a URL. */
  readonly absolute: (resource: string) => string
}
