/*
 * Types only. mcp-auth tells TypeScript that Express's `req.auth` is the MCP SDK's AuthInfo, which has an issuer and a
 * subject, and programs that come from it expect so. The members must be these to the letter, for several packages declare
 * them and have to agree. Where they cannot (express-oauth2-jwt-bearer has an `auth` of its own kind), a program sees both,
 * and what is ignored here is the disagreement of others. The comments are of the kind that stays in the .d.ts file.
 */

// biome-ignore lint/suspicious/noTsIgnore: an error only where the SDK is not installed
/** @ts-ignore: the SDK is optional */
declare module '@modelcontextprotocol/sdk/server/auth/types.js' {
  interface AuthInfo {
    issuer: string
    subject?: string
    audience?: string | string[]
    claims?: Record<string, unknown>
  }
}

declare global {
  namespace Express {
    interface Request {}
  }
}

// biome-ignore lint/suspicious/noTsIgnore: an error only where the SDK is not installed
/** @ts-ignore: the SDK is optional */
type AuthInfo = import('@modelcontextprotocol/sdk/server/auth/types.js').AuthInfo

/** What another package says about `auth` of every request; nothing, if none does. */
type OtherAuth = Express.Request extends { auth?: infer Other } ? (unknown extends Other ? unknown : Other) : unknown

// biome-ignore lint/suspicious/noTsIgnore: an error only where Express is not installed
/** @ts-ignore: Express is optional */
declare module 'express-serve-static-core' {
  // biome-ignore lint/suspicious/noTsIgnore: an error only beside packages that disagree
  /** @ts-ignore: other packages may disagree */
  interface Request {
    // biome-ignore lint/suspicious/noTsIgnore: an error only beside packages that disagree
    /** @ts-ignore: other packages may disagree */
    auth?: AuthInfo & OtherAuth
  }
}

export {}
