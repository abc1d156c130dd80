import type { HotPool } from '../directory/types.ts'

/** What RFC 6749 §5.2 lets into an error_description, and no longer than a person reads. */
const showable = /^[\x20\x21\x23-\x5b\x5d-\x7e]{1,200}$/

/**
 * Says in one sentence how a resource that was sent differs from the one that is meant: nine times of ten it is a path
 * or a port, which nobody sees without both beside each other.
 *
 * @param bound the resource that the code or refresh token is good for
 */
export function otherThanBound(sent: string, bound: string | undefined): string {
  if (bound === undefined) return 'this grant is for no resource; send no resource='
  const what = showable.test(sent) ? `the client sent resource ${sent}, and` : 'another resource was sent;'
  return `${what} the resource of this grant is ${bound}; send that one, or none`
}

/** The same for a resource that the pool does not have; undefined where none of the pool's is like it. */
export function unlikeRegistered(pool: HotPool, sent: string): string | undefined {
  const url = URL.parse(sent)
  if (url === null || !showable.test(sent)) return undefined
  const near = pool.resources.find(({ identifier }) => URL.parse(identifier)?.hostname === url.hostname)
  if (near === undefined || near.identifier === sent) return undefined
  return `the client sent resource ${sent}, and the resource registered here is ${near.identifier}; change one of them`
}
