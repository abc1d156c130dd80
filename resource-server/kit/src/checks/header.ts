import { limits } from '../limits.ts'
import { Refusal } from '../refusal.ts'
import { type Check, member } from './context.ts'

/**
 * The header asks for nothing that changes what the token means (RFC 7515 §4, RFC 7519 §5): no `crit`, for no extension
 * is understood here, no compression, no nested token, no unencoded payload. Keys that a header brings along (`jwk`,
 * `jku`, `x5u`, `x5c`) are not looked at anywhere.
 */
export const checkHeader: Check = ({ header }) => {
  if (Object.hasOwn(header, 'crit')) throw new Refusal('critical_header')
  if (Object.hasOwn(header, 'zip') || member(header, 'b64') === false) throw new Refusal('header_not_allowed')
  const cty = member(header, 'cty')
  if (cty !== undefined && (typeof cty !== 'string' || /^(?:application\/)?jwt$/i.test(cty))) {
    throw new Refusal('header_not_allowed')
  }
  const kid = member(header, 'kid')
  if (kid !== undefined && (typeof kid !== 'string' || kid.length > limits.kidLength))
    throw new Refusal('header_not_allowed')
}
