import type { IncomingMessage, ServerResponse } from 'node:http'
import type { InteractionClient, Interactions } from './interactions.ts'
import type { OpenPool } from './open-pools.ts'

/** A page, made and not yet sent. */
export interface RenderedPage {
  readonly html: string
  /** Its security headers; content-type, cache-control and status are set by who sends it. */
  readonly headers: Readonly<Record<string, string>>
}

/** What every page has to know of the request that it answers. */
export interface PageFacts {
  /** undefined where the request belongs to no pool. */
  readonly opened: OpenPool | undefined
  readonly requestId: string | undefined
  /** The request's Accept-Language, unparsed. */
  readonly acceptLanguage: string | undefined
  /** `ui_locales` of the request (OpenID Connect Core §3.1.2.1), unparsed; goes before Accept-Language. */
  readonly uiLocales?: string | undefined
}

/** An error that cannot be sent to the client: the person sees it, and mostly is who can mend it. */
export interface ErrorFacts extends PageFacts {
  /** OAuth error code, e.g. `invalid_redirect_uri`. */
  readonly error: string
  /** A fixed English sentence. */
  readonly description: string
  /** What was sent: text of a stranger, already cut to a bearable length. */
  readonly sent?: string | undefined
  /** What would have been right, one thing each. */
  readonly expected?: readonly string[] | undefined
  /** What to change, and where: a fixed English sentence. */
  readonly mend?: string | undefined
}

/** What went wrong with a user code (RFC 8628 §3.3). `denied`: the person said no; the flow is over. */
export type UserCodeProblem = 'missing' | 'unknown' | 'expired' | 'used' | 'denied' | 'failed'

/** The form that asks for the code shown on a device. Sends `xsrf` and `user_code` by POST to `action`. */
export interface DeviceInputFacts extends PageFacts {
  readonly action: string
  readonly xsrf: string
  /** To fill in: from `verification_uri_complete`, or what was typed before. */
  readonly userCode: string | undefined
  readonly problem: UserCodeProblem | undefined
}

/**
 * The question whether this is the device. Sends `xsrf`, `user_code`, and either `confirm=yes` or `abort=yes` by POST
 * to `action`. Sign-in and consent come after it, as interactions.
 */
export interface DeviceConfirmFacts extends PageFacts {
  readonly action: string
  readonly xsrf: string
  readonly userCode: string
  readonly client: InteractionClient
  /** Where the device asked from. */
  readonly device: { readonly ip?: string | undefined; readonly userAgent?: string | undefined }
}

export interface DeviceDoneFacts extends PageFacts {
  readonly client: InteractionClient | undefined
}

/** What follows a form whose answer takes the browser away from here: a page that goes on by itself. */
export interface GoOnFacts extends PageFacts {
  /** A path of this origin, or an address that a client has registered. */
  readonly to: string
}

/** The question whether to sign out. Sends `xsrf` and, for yes, `logout=yes` by POST to `action`. */
export interface LogoutFacts extends PageFacts {
  readonly action: string
  readonly xsrf: string
  readonly client: InteractionClient | undefined
  /** The answer leads back to an address of the client. */
  readonly returnsToClient: boolean
}

/** A request to a page, below the issuer. */
export interface PageExchange {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly opened: OpenPool
  /** Below the issuer: `/sign-in/…`. */
  readonly path: string
  /** With its `?`, or empty. */
  readonly query: string
  readonly requestId: string
  /** Remote address of the connection. */
  readonly address: string
  /** The interactions of this pool. */
  readonly interactions: Interactions
}

/** The pages for people: implemented by the sign-in face, handed to `createOidc`. */
export interface Pages {
  /**
   * Answers what pages load, such as their style sheet: the same for all pools, and for pages that belong to none.
   *
   * @param path below the issuer: `/assets/…`
   * @returns false: there is no such thing, and nothing was sent
   */
  asset(req: IncomingMessage, res: ServerResponse, path: string): boolean
  /** Answers the pages of interactions; false: not one of its paths, and nothing was sent. */
  handle(exchange: PageExchange): Promise<boolean>
  /**
   * Path, below the issuer, of the first page of an interaction, e.g. `/sign-in/<uid>`. Everything that belongs to the
   * interaction lies at it or below it: the interaction's cookie is sent nowhere else.
   */
  interactionPath(uid: string, prompt: string): string
  error(facts: ErrorFacts): RenderedPage
  deviceInput(facts: DeviceInputFacts): RenderedPage
  deviceConfirm(facts: DeviceConfirmFacts): RenderedPage
  deviceDone(facts: DeviceDoneFacts): RenderedPage
  logout(facts: LogoutFacts): RenderedPage
  goOn(facts: GoOnFacts): RenderedPage
  loggedOut(facts: DeviceDoneFacts): RenderedPage
}
