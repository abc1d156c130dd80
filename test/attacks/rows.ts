import type { Row } from './row.ts'
import { boundTokens } from './rows/bound-tokens.ts'
import { claims } from './rows/claims.ts'
import { entrance } from './rows/entrance.ts'
import { errorsAndCache } from './rows/errors-and-cache.ts'
import { introspection } from './rows/introspection.ts'
import { keys } from './rows/keys.ts'
import { metadata } from './rows/metadata.ts'
import { operations } from './rows/operations.ts'
import { otherCredentials } from './rows/other-credentials.ts'
import { scopes } from './rows/scopes.ts'
import { tokens } from './rows/tokens.ts'
import { upstream } from './rows/upstream.ts'
import { wire } from './rows/wire.ts'

/*
 * The case table of refusals, run through every adapter. The ids are the table's; rows of one id are forms of one case,
 * and a `because` says where an answer is not the table's, and why.
 */
export const rows: readonly Row[] = [
  wire,
  tokens,
  claims,
  boundTokens,
  scopes,
  operations,
  keys,
  metadata,
  otherCredentials,
  errorsAndCache,
  introspection,
  entrance,
  upstream,
].flat()
