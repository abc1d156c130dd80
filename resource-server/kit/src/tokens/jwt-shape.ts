const jwtShape = /^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*){2,4}$/

/** Has the token the shape of a compact JWS or JWE? Nothing is said about what its parts hold. */
export function isJwtShaped(token: string): boolean {
  return jwtShape.test(token)
}
