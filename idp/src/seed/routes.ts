import { fieldProblem, problem, type Route, route, seed as seedSchema, strict } from '@postern/server'
import { z } from 'zod'
import { DirectoryError } from '../directory/directory-error.ts'
import type { Directory } from '../directory/types.ts'
import { applySeed } from './apply.ts'
import { exportSeed } from './export.ts'
import { seedKinds } from './summary.ts'

export interface SeedRoutesOptions {
  readonly directory: Directory
  readonly settings: { readonly gatewayUrl: string }
}

const summarySchema = z
  .object({
    created: z.number().int(),
    updated: z.number().int(),
    unchanged: z.number().int(),
    pruned: z.number().int(),
    changes: z.array(
      z.object({
        kind: z.enum(seedKinds),
        id: z.string(),
        action: z.enum(['created', 'updated', 'unchanged', 'pruned']),
      }),
    ),
  })
  .meta({ id: 'SeedSummary' })

const applyQuery = strict({ prune: z.enum(['true', 'false']).default('false') })

function answerRefusal(error: unknown): never {
  if (!(error instanceof DirectoryError)) throw error
  if (error.kind === 'invalid') return fieldProblem(error.errors)
  return problem(409, error.code, error.message, error.errors)
}

/** What `postern apply` and `postern export` call: the identity provider's part of a seed. */
export function seedRoutes({ directory, settings }: SeedRoutesOptions): Route[] {
  const tag = 'Seed'
  return [
    route({
      method: 'POST',
      path: '/seed',
      summary:
        'Applies a seed: its pools with their resources, clients, groups and users; all of it or, where it is wrong, nothing',
      tag,
      body: seedSchema,
      query: applyQuery,
      reply: { status: 200, schema: summarySchema },
      async handler({ body, query, requestId }) {
        const prune = query.prune === 'true'
        const { gatewayUrl } = settings
        const applied = applySeed({ directory, gatewayUrl, seed: body, prune, origin: { requestId } })
        return { body: await applied.catch(answerRefusal) }
      },
    }),
    route({
      method: 'GET',
      path: '/seed',
      summary: 'Exports all pools as a seed, with hashes in place of secrets',
      tag,
      reply: { status: 200, schema: seedSchema.pick({ version: true, pools: true }) },
      async handler() {
        return { body: await exportSeed(directory) }
      },
    }),
  ]
}
