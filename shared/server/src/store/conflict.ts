import { errorCode } from '../start-error.ts'

/** Whether a write failed because a unique key is taken, on either database. */
export function isUniqueViolation(error: unknown): boolean {
  return ['SQLITE_CONSTRAINT_UNIQUE', 'SQLITE_CONSTRAINT_PRIMARYKEY', '23505'].includes(errorCode(error))
}

/** Whether a write failed because a row that it refers to is not there, or because rows still refer to it. */
export function isForeignKeyViolation(error: unknown): boolean {
  return ['SQLITE_CONSTRAINT_FOREIGNKEY', '23503', '23001'].includes(errorCode(error))
}
