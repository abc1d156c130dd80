import { z } from 'zod'
import type { ApplyReport } from '../catalog/types.ts'

const actions = ['created', 'updated', 'unchanged', 'pruned'] as const

export const summarySchema = z
  .object({
    created: z.number().int(),
    updated: z.number().int(),
    unchanged: z.number().int(),
    pruned: z.number().int(),
    changes: z.array(z.object({ kind: z.enum(['service', 'toolset']), id: z.string(), action: z.enum(actions) })),
  })
  .meta({ id: 'SeedSummary' })
export type SeedSummary = z.output<typeof summarySchema>

/** What was done, in the form in which both servers tell it. */
export function summarize({ created, updated, unchanged, deleted, toolsets }: ApplyReport): SeedSummary {
  const kindOf = (id: string) => (toolsets.includes(id) ? ('toolset' as const) : ('service' as const))
  const of = (action: (typeof actions)[number], ids: readonly string[]) =>
    ids.map((id) => ({ kind: kindOf(id), id, action }))
  return {
    created: created.length,
    updated: updated.length,
    unchanged: unchanged.length,
    pruned: deleted.length,
    changes: [
      ...of('created', created),
      ...of('updated', updated),
      ...of('unchanged', unchanged),
      ...of('pruned', deleted),
    ],
  }
}
