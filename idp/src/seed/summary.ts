export type SeedAction = 'created' | 'updated' | 'unchanged' | 'pruned'
export const seedKinds = ['pool', 'resource', 'client', 'group', 'user'] as const
export type SeedKind = (typeof seedKinds)[number]

/** One object, and what became of it. */
export interface SeedChange {
  readonly kind: SeedKind
  /** Id of a pool; `<pool>/<clientId>`; `<pool>/<identifier>`; `<pool>/<id>` of groups and users. */
  readonly id: string
  readonly action: SeedAction
}

export interface SeedSummary {
  readonly created: number
  readonly updated: number
  readonly unchanged: number
  readonly pruned: number
  readonly changes: readonly SeedChange[]
}

export function summarize(changes: readonly SeedChange[]): SeedSummary {
  const count = (action: SeedAction) => changes.filter((change) => change.action === action).length
  return {
    created: count('created'),
    updated: count('updated'),
    unchanged: count('unchanged'),
    pruned: count('pruned'),
    changes,
  }
}

/** Whether an update changed the record; totals and revision grow for other reasons. */
export function actionOf(before: object, after: object): SeedAction {
  const content = (record: object) =>
    JSON.stringify({
      ...record,
      revision: undefined,
      totalClients: undefined,
      totalUsers: undefined,
      updatedAt: undefined,
    })
  return content(before) === content(after) ? 'unchanged' : 'updated'
}
