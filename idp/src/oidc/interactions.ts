import type { IncomingMessage, ServerResponse } from 'node:http'

/** The client that wants something, as the person is told of it. */
export interface InteractionClient {
  readonly clientId: string
  readonly name: string
  /** How we know it: registered by whoever runs the pool, by a document at its client id, or by itself. */
  readonly known: 'registered' | 'metadata_document' | 'dynamic'
  /** The client id of a client known by a metadata document. */
  readonly documentUrl?: string | undefined
  /** Where the answer goes; undefined in the device flow, where it goes to the device. */
  readonly redirectUri?: string | undefined
  /** Host of the redirect URI with its port, in full; for a private-use scheme `<scheme>:`. */
  readonly redirectHost?: string | undefined
  /** Every redirect URI of the client is on this machine: any program here can claim to be this client. */
  readonly loopbackOnly: boolean
  readonly logoUri?: string | undefined
  readonly clientUri?: string | undefined
}

/** Something a person has to do before a request is answered. */
export interface Interaction {
  readonly uid: string
  readonly prompt: 'login' | 'consent'
  readonly poolId: string
  readonly client: InteractionClient
  /** What access is asked for; undefined where only a sign-in is. */
  readonly resource?: { readonly identifier: string; readonly name: string } | undefined
  /** All that the client will have when the person agrees, also what was granted before. */
  readonly scopes: readonly { readonly name: string; readonly description?: string | undefined }[]
  readonly loginHint?: string | undefined
  readonly uiLocales?: string | undefined
  /** Who is signed in; at `login`, who was, where the client asks to sign in again. */
  readonly userId?: string | undefined
  /** Posts carry it in a hidden field; bound to this interaction and this browser. Compare it in constant time. */
  readonly csrf: string
}

export interface SignedIn {
  readonly userId: string
  /** true (default): the session outlives the browser. */
  readonly remember?: boolean | undefined
}

/**
 * The interactions of one pool: what pages are told of the request that waits, and how they answer it. The uid is the
 * second segment of the request's path (`/sign-in/<uid>…`), and the cookie of the interaction has to agree with it.
 * The ways to answer throw `InteractionGone` where `read` would be undefined, and otherwise give the path of this origin
 * where the browser has to go on. It may be redirected from there to the client and further: a form must not be what it
 * gets there by, for Chromium holds each of these redirects against the form-action of the page with the form.
 */
export interface Interactions {
  /** undefined: over, expired, another browser's, or another pool's. */
  read(req: IncomingMessage, res: ServerResponse): Promise<Interaction | undefined>
  /** The person has proven to be this user. */
  signedIn(req: IncomingMessage, res: ServerResponse, user: SignedIn): Promise<string>
  /** The person lets the client have what it asked for. */
  consented(req: IncomingMessage, res: ServerResponse): Promise<string>
  /** The person does not: the client gets `access_denied`. */
  denied(req: IncomingMessage, res: ServerResponse): Promise<string>
  /** The person went back instead of signing in: `access_denied`, too. */
  cancelled(req: IncomingMessage, res: ServerResponse): Promise<string>
}

/** The interaction is over, expired, or not this browser's. */
export class InteractionGone extends Error {
  constructor() {
    super('the interaction is over, has expired, or belongs to another browser')
    this.name = 'InteractionGone'
  }
}
