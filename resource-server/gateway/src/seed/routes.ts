import { fieldProblem, problem, type Route, route, seed as seedSchema, strict } from '@postern/server'
import { z } from 'zod'
import { CatalogError } from '../catalog/catalog-error.ts'
import type { Catalog } from '../catalog/types.ts'
import { exportSeed } from './export.ts'
import { seedInputs } from './inputs.ts'
import { summarize, summarySchema } from './summary.ts'

export interface SeedRoutesOptions {
  readonly catalog: Catalog
  /** Public origin of the identity provider. */
  readonly idpUrl: string
}

const applyQuery = strict({ prune: z.enum(['true', 'false']).default('false') })

function answerRefusal(error: unknown): never {
  if (!(error instanceof CatalogError)) throw error
  if (error.kind === 'invalid') return fieldProblem(error.errors)
  return problem(409, error.code === 'not_found' ? 'conflict' : error.code, error.message, error.errors)
}

/** What `postern apply` and `postern export` call: the gateway's part of a seed. */
export function seedRoutes({ catalog, idpUrl }: SeedRoutesOptions): Route[] {
  const tag = 'Seed'
  return [
    route({
      method: 'POST',
      path: '/seed',
      summary: 'Applies a seed: its services and toolsets with their keys; all of it or, where it is wrong, nothing',
      tag,
      body: seedSchema,
      query: applyQuery,
      reply: { status: 200, schema: summarySchema },
      async handler({ body, query, requestId }) {
        const inputs = await seedInputs(body, idpUrl)
        const applied = catalog.apply(inputs, { prune: query.prune === 'true' }, { requestId })
        return { body: summarize(await applied.catch(answerRefusal)) }
      },
    }),
    route({
      method: 'GET',
      path: '/seed',
      summary:
        'Exports all services and toolsets as a seed, with hashes in place of keys and "***" in place of secret values',
      tag,
      reply: { status: 200, schema: seedSchema.pick({ version: true, services: true, toolsets: true }) },
      handler: () => ({ body: exportSeed(catalog, idpUrl) }),
    }),
  ]
}
