/**
 * Why something was decided as it was: the closed set of machine reasons. They go to events, logs and metrics, never to
 * the caller, whose texts are fixed. The text beside each says what it means to the person who reads the event.
 */
export const reasons = {
  ok: 'accepted, issued or done',

  // The credential on the wire
  no_credential: 'no credential of a kind that is accepted here was sent',
  malformed_header: 'the credential header is malformed, or there were two',
  several_credentials: 'credentials were sent in more than one way',
  token_too_large: 'the token is longer than the limit',

  // The token's shape
  malformed_token: 'the token is not three parts of a compact JWS, nor an API key',
  encrypted_token: 'the token has the five parts of a JWE',
  signature_missing: 'the signature part is empty',
  token_not_base64url: 'a part of the token is not canonical base64url',
  token_not_json: 'a part of the token is not strict JSON in UTF-8',
  token_duplicate_member: 'a JSON member occurs twice in the header or the claims',
  token_not_an_object: 'the header or the claims are not a JSON object',

  // Header, algorithm, key
  algorithm_not_allowed: 'alg is absent, malformed or not on the list of allowed algorithms',
  header_not_allowed: 'a header parameter is malformed or changes the meaning of the token (b64, zip, cty)',
  critical_header: 'crit is malformed or names an extension that is not understood',
  typ_not_allowed: 'typ names another kind of token',
  unknown_key: 'the issuer publishes no usable key for this token',
  ambiguous_key: 'the token names no key and the issuer has several that fit',
  weak_key: 'the key that fits is too weak',
  bad_signature: 'the signature does not verify',

  // Claims
  issuer_unknown: 'iss is absent, malformed or not an issuer that is trusted here',
  audience_missing: 'the token has no aud',
  audience_mismatch: 'aud names other resources only, or is malformed',
  expired: 'exp has passed',
  expiry_missing: 'the token has no exp',
  not_yet_valid: 'nbf or iat lies in the future',
  lifetime_too_long: 'the token lives longer than is accepted here',
  claim_missing: 'a claim that the profile asks for is absent',
  malformed_claim: 'a claim has the wrong type or an impossible value',
  subject_missing: 'the token has no sub',
  client_missing: 'the token names no client',
  id_token: 'the token is an ID token',
  binding_not_supported: 'the token is bound to a key or certificate that was not proven',
  binding_mismatch: 'the key or certificate proven is not the one that the token is bound to',
  token_not_bound: 'the token is not bound to a DPoP key, where it must be',
  dpop_proof_missing: 'the DPoP scheme was used without a proof',
  dpop_proof_malformed: 'the DPoP header is not one proof with all that a proof has',
  dpop_proof_algorithm: 'the proof has an alg that is not on the list of allowed ones',
  dpop_proof_key: 'the jwk of the proof is no sound public key for its alg',
  dpop_proof_signature: 'the signature of the proof does not verify',
  dpop_proof_mismatch: 'the proof is for another method, URL or token',
  dpop_proof_expired: 'the proof is too old, or of the future',
  dpop_proof_replayed: 'the proof was used before',
  dpop_nonce_required: 'the proof has no nonce of ours, or an old one',
  replay_store_unavailable: 'the store of used proofs failed, or is full',
  revoked: 'the token was revoked',
  inactive: 'introspection says that the token is not active',

  // What the caller may do
  client_not_allowed: 'the client is not on the list of allowed clients',
  claim_rule: 'a configured rule on a claim is not met',
  insufficient_scope: 'scopes that the operation needs are missing',
  body_too_large: 'the body is longer than can be looked at for operations',
  body_unreadable: 'the body cannot be looked at for operations: compressed, in another charset, no JSON, or cut off',
  tool_not_allowed: 'the API key, or the rules of the service, do not allow this tool',
  would_refuse: 'the rules would refuse this call if they were enforced',
  rate_limit: 'the caller has made as many requests as are allowed in this time',
  concurrency_limit: 'the caller has as many requests under way as are allowed',
  would_throttle: 'a limit would refuse this request if it were enforced',

  // What became of a call
  tool_failed: 'the tool answered that it failed (isError)',
  call_failed: 'the call was answered with a JSON-RPC error',
  cancelled: 'the caller cancelled the call, or did not wait for its answer',

  // API keys, custom verifiers
  api_key_unknown: 'no such API key',
  api_key_expired: 'the API key has expired',
  custom_refused: 'the custom verifier refused the token',
  custom_failed: 'the custom verifier threw, took too long or answered with something malformed',

  // Around the check
  keys_unavailable: "the issuer's keys or metadata cannot be had",
  introspection_unavailable: 'the introspection endpoint cannot be had',
  revocation_unavailable: 'the issuer has not been heard for long about what it revoked',
  origin_not_allowed: 'the Origin or Host header is not one that is allowed',
  session_unknown: "the session does not exist or is another caller's",
  request_state_refused: "the requestState was changed, is another's, was used before or has expired",

  // Token endpoint
  unknown_client: 'no such client',
  client_disabled: 'the client is disabled',
  client_document_invalid: 'the client id is no URL for a metadata document, or the document is not one of it',
  client_document_unavailable: "the client's metadata document cannot be had, or may not be fetched",
  wrong_secret: 'the client secret is wrong or has expired',
  wrong_auth_method: 'the client authenticated by another method than its own',
  assertion_invalid: 'the client assertion is invalid',
  throttled: 'too many attempts',
  invalid_request: 'the request is malformed',
  invalid_target: 'the resource is unknown, not granted or not named',
  invalid_scope: 'a scope is unknown, not granted or malformed',
  invalid_grant: 'the grant is unknown, used, expired or of another client',
  unsupported_grant: 'the grant type is not supported, or not allowed for the client',
  pool_unknown: 'no such user pool',
  pool_disabled: 'the user pool is disabled',
  access_denied: 'a person or a policy said no',

  // People
  unknown_user: 'nobody in the pool signs in with this name',
  wrong_password: 'the password is wrong, or the user has none',
  user_disabled: 'the user is disabled',
  user_exists: 'somebody signed up with a name that another user has',
  wrong_code: 'the code is wrong, used or expired, or there is none',

  // Management, keys, backends
  created: 'created',
  updated: 'updated',
  deleted: 'deleted',
  admin_unauthorized: 'no or a wrong admin token',
  setting_loosened: 'a setting that loosens a check is in use',
  key_ignored: 'an entry of a key set was ignored: not a key, private or malformed',
  keys_stale: "the issuer's last known keys are used while it cannot be reached",
  backend_failed: 'the backend failed',
  backend_limit: 'the limit of running backends is reached',
  timeout: 'it took too long',
  internal: 'an unexpected error',
} as const

export type Reason = keyof typeof reasons
