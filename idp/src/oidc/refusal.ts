import { OAuthError, type OAuthErrorCode, type Reason } from '@postern/core'

/** A refused token request: a fixed public text (RFC 6749 §5.2), and beside it the machine reason for the event. */
export class Refusal extends OAuthError {
  readonly reason: Reason

  constructor(reason: Reason, code: OAuthErrorCode, description: string, status?: number) {
    super(code, description, status)
    this.name = 'Refusal'
    this.reason = reason
  }
}

const noDefault =
  'no resource was asked for and there is no default; send resource=, or set defaultResource of the client or the pool'
const defaultUnusable =
  'the default resource is not registered in this pool or not granted to this client; send resource=, or change defaultResource'
const unknownResource =
  'the resource is not registered in this pool or not granted to this client; register it, grant it, or ask for another'
const severalResources = 'ask for one resource at a time: an access token is good for one resource'
const ungrantedScope =
  'a scope that was asked for is not granted to this client for this resource; grant it, or send no scope to get all that are'
const malformedScope = 'scope is malformed; send scope names with one space between'

/** The refusals of a resource or a scope, each with its one public text (RFC 8707 §2, RFC 6749 §5.2). */
export const refusals = {
  noDefault: () => new Refusal('invalid_target', 'invalid_target', noDefault),
  defaultUnusable: () => new Refusal('invalid_target', 'invalid_target', defaultUnusable),
  unknownResource: () => new Refusal('invalid_target', 'invalid_target', unknownResource),
  severalResources: () => new Refusal('invalid_target', 'invalid_target', severalResources),
  ungrantedScope: () => new Refusal('invalid_scope', 'invalid_scope', ungrantedScope),
  malformedScope: () => new Refusal('invalid_scope', 'invalid_scope', malformedScope),
} as const
