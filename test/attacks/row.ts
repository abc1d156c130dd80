import type { RefusalCode } from '@postern/resource-server/testing'
import type { Fixture, SetUp } from './fixture.ts'
import type { Attack } from './hosts.ts'

/** One line of the table: an attack and its answer. */
export interface AttackRow {
  readonly id: string
  readonly what: string
  /** Absent: the table's usual set-up, shared by all such rows. */
  readonly setUp?: SetUp
  readonly attack: (fixture: Fixture) => Attack | string
  readonly expect: RefusalCode | 'OK'
  /** The scope of the challenge, where it is not that of the fixture. */
  readonly scope?: string
  /** Why this is not what the table says. */
  readonly because?: string
}

/** A line that takes more than one step. */
export interface StoryRow {
  readonly id: string
  readonly what: string
  readonly setUp?: SetUp
  readonly play: (fixture: Fixture) => Promise<void>
  readonly because?: string
}

export type Row = AttackRow | StoryRow
