import { OAuthError } from '@postern/core'
import { fieldProblem, problem, type Route } from '@postern/server'
import { DirectoryError } from '../directory/directory-error.ts'

const statuses = { not_found: 404, invalid: 400, conflict: 409 } as const

/** Answers a refusal of the directory, or of the mint, as a problem document; anything else goes on as it is. */
export function answerRefusal(error: unknown): never {
  if (error instanceof DirectoryError) {
    if (error.kind === 'invalid') return fieldProblem(error.errors)
    return problem(statuses[error.kind], error.code, error.message, error.errors)
  }
  if (error instanceof OAuthError && error.status < 500) {
    return problem(error.status === 401 ? 400 : error.status, 'invalid_request', error.description)
  }
  throw error
}

/** The same route, with the refusals of the directory translated. */
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
