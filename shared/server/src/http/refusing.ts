import { DomainError } from '../domain-error.ts'
import { fieldProblem, problem } from './problem.ts'
import type { Route } from './route.ts'

const statuses = { not_found: 404, invalid: 400, conflict: 409 } as const

/** Answers a refusal of the domain as a problem document; anything else goes on as it is. */
export function answerDomainError(error: unknown): never {
  if (!(error instanceof DomainError)) throw error
  if (error.kind === 'invalid') return fieldProblem(error.errors)
  return problem(statuses[error.kind], error.code, error.message, error.errors)
}

/** The same route, with the refusals of the domain translated. */
export function refusing(route: Route, answer: (error: unknown) => never = answerDomainError): Route {
  return {
    ...route,
    async handler(context) {
      try {
        return await route.handler(context)
      } catch (error) {
        return answer(error)
      }
    },
  }
}
