import type { WireError } from './wire-error.ts'

/** What an answer says of its request. Unknown members are ''. */
export interface RequestFacts {
  readonly requestId: string
  readonly action: string
  readonly version: string
  readonly service: string
  readonly region: string
}

function metadata({ requestId, action, version, service, region }: RequestFacts) {
  return { RequestId: requestId, Action: action, Version: version, Service: service, Region: region }
}

/** The answer to a request that was done. */
export function resultEnvelope(facts: RequestFacts, result: object) {
  return { ResponseMetadata: metadata(facts), Result: result }
}

/** The answer to a request that was refused. */
export function errorEnvelope(facts: RequestFacts, { code, codeN, message }: WireError) {
  const error = { Code: code, ...(codeN === undefined ? {} : { CodeN: codeN }), Message: message }
  return { ResponseMetadata: { ...metadata(facts), Error: error } }
}
