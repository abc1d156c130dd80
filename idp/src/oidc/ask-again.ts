import type { IncomingMessage, ServerResponse } from 'node:http'
import { limits } from '../limits.ts'
import { readForm } from './form.ts'
import { Refusal } from './refusal.ts'
import { toForm } from './resource-spelling.ts'
import { sendError } from './respond.ts'

const tooLong = `the parameters are longer than ${limits.queryBytes} bytes; send less`

/**
 * Answers a form that another site has posted (OpenID Connect Core §3.1.2.1, RP-Initiated Logout §2) by sending the
 * browser to the same place with a query: Lax cookies come along with a link, and not with a form of another site.
 */
export async function askAgainWithGet(req: IncomingMessage, res: ServerResponse, url: string): Promise<void> {
  try {
    const query = toForm((await readForm(req)).params)
    if (Buffer.byteLength(query) > limits.queryBytes)
      throw new Refusal('invalid_request', 'invalid_request', tooLong, 413)
    res.writeHead(303, { location: `${url}?${query}`, 'content-length': '0', 'cache-control': 'no-store' }).end()
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    sendError(res, { status: error.status, error: error.code, description: error.description })
  }
}
