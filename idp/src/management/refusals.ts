import { OAuthError } from '@postern/core'
import { answerDomainError, problem } from '@postern/server'

/** Answers a refusal of the directory, or of the mint, as a problem document; anything else goes on as it is. */
export function answerRefusal(error: unknown): never {
  if (error instanceof OAuthError && error.status < 500) {
    return problem(error.status === 401 ? 400 : error.status, 'invalid_request', error.description)
  }
  return answerDomainError(error)
}
