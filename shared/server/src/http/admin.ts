import type { IncomingMessage } from 'node:http'
import { hashSecret, matchesHash } from '../secret.ts'
import { problem } from './problem.ts'

const challenge = 'Bearer realm="postern"'

/**
 * Makes the check of the management API's bearer (RFC 6750 §2.1). Only the token's hash is kept, and hashes are
 * compared, so the time taken says nothing of the token.
 */
export function createAdminCheck(adminToken: string): (req: IncomingMessage) => void {
  const hash = hashSecret(adminToken)
  return (req) => {
    const token = /^Bearer ([\x21-\x7e]+)$/i.exec(req.headers.authorization ?? '')?.[1]
    if (token === undefined) {
      refuse('send the admin token as Authorization: Bearer <token>', challenge)
    } else if (!matchesHash(token, hash)) {
      refuse('the admin token is wrong', `${challenge}, error="invalid_token"`)
    }
  }
}

function refuse(detail: string, header: string): never {
  return problem(401, 'unauthorized', detail, [], { 'www-authenticate': header })
}
