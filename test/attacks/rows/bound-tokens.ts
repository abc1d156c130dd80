import type { Row } from '../row.ts'
import { certificates } from './bound-tokens/certificates.ts'
import { nonces } from './bound-tokens/nonces.ts'
import { policy } from './bound-tokens/policy.ts'
import { presentation } from './bound-tokens/presentation.ts'
import { proofClaims } from './bound-tokens/proof-claims.ts'
import { proofHeader } from './bound-tokens/proof-header.ts'
import { replay } from './bound-tokens/replay.ts'

/** H. DPoP (RFC 9449) and mTLS (RFC 8705): a bound token is good with its proof alone. */
export const boundTokens: readonly Row[] = [
  presentation,
  proofHeader,
  proofClaims,
  replay,
  nonces,
  policy,
  certificates,
].flat()
