import { fieldProblem, problem, type Route } from '@postern/server'
import { CatalogError } from '../catalog/catalog-error.ts'

/** Answers a refusal of the catalogue as a problem document; anything else goes on as it is. */
function answerRefusal(error: unknown): never {
  if (!(error instanceof CatalogError)) throw error
  if (error.kind === 'not_found') return problem(404, 'not_found', error.message)
  if (error.kind === 'invalid') return fieldProblem(error.errors)
  return problem(409, error.code, error.message, error.errors)
}

/** The same route, with the refusals of the catalogue translated. */
export function refusing(route: Route): Route {
  return {
    ...route,
    async handler(context) {
      try {
        return await route.handler(context)
      } catch (error) {
        return answerRefusal(error)
      }
    },
  }
}
