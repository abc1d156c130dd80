import type { MaybePromise } from '@postern/core'
import type { z } from 'zod'
import { validate } from '../contract/validate.ts'
import { fieldError, type RefusalWords } from './answer-errors.ts'
import { wireError } from './wire-error.ts'

export interface ActionContext {
  readonly requestId: string
  /** Who signed. */
  readonly accessKeyId: string
}

/** One action of a service. */
export interface Action {
  readonly words: RefusalWords
  /** @throws WireError for a body that the schema refuses, DomainError for what the domain refuses */
  run(body: unknown, context: ActionContext): Promise<object>
}

/** By their names: `CreateUserPool`. */
export type Actions = Readonly<Record<string, Action>>

/**
 * An action with its schema, whose fields are spelled as the originals spell them. Make it of `z.looseObject`: fields
 * that mean nothing here are taken, as the originals' SDKs send whatever their release knows.
 *
 * @param words what the action's refusals call things
 */
export function action<S extends z.ZodType>(
  words: RefusalWords,
  schema: S,
  run: (input: z.output<S>, context: ActionContext) => MaybePromise<object>,
): Action {
  return {
    words,
    async run(body, context) {
      const checked = validate(schema, withoutNulls(body))
      if (checked.ok) return await run(checked.value, context)
      const [first] = checked.errors
      throw first === undefined ? wireError('InvalidParameter', 'the body is wrong') : fieldError(first)
    },
  }
}

/** The SDKs of some languages send null for what is not set. */
function withoutNulls(body: unknown): unknown {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return body
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null))
}
