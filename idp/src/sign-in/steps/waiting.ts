import type { Wait } from '../../directory/types.ts'
import type { Html } from '../html/html.ts'
import type { Reply, Visit } from '../visit.ts'

/** 429 (RFC 6585 §4) with the page that was sent, saying for how long. */
export function waitReply(visit: Visit, { seconds }: Wait, page: (alert: string) => Html): Reply {
  const alert = visit.frame.wording.say('problem.wait', { seconds })
  return { kind: 'page', html: page(alert), status: 429, retryAfter: seconds }
}
