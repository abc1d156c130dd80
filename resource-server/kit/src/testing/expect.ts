import assert from 'node:assert/strict'
import { type Challenge, parseChallenges } from '@postern/core'

/** The answers of the case table, and two more: `MD` for a host that nobody here answers for, `TM` for too many bad credentials. */
export type RefusalCode = 'C0' | 'IT' | 'IR' | 'IS' | 'UN' | 'SE' | 'PD' | 'DP' | 'DN' | 'MD' | 'TM'

/** An answer, from whatever client; header names in lower case. */
export interface SeenResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: string
}

export interface ExpectedRefusal {
  /** Of the resource; absent for one that has no metadata, whose challenges then name a realm. */
  readonly metadataUrl?: string | undefined
  /** What the challenge asks for. */
  readonly scope?: string | undefined
  /** The schemes that are accepted, in the order of their challenges. Default Bearer. */
  readonly schemes?: readonly ('Bearer' | 'DPoP')[] | undefined
  /** Texts that must not occur anywhere: the token, its claims, keys. */
  readonly secrets?: readonly string[]
}

interface Shape {
  readonly status: number
  readonly error?: string
  readonly hasChallenge: boolean
}

const shapes: Readonly<Record<RefusalCode, Shape>> = {
  C0: { status: 401, hasChallenge: true },
  IT: { status: 401, error: 'invalid_token', hasChallenge: true },
  IR: { status: 400, error: 'invalid_request', hasChallenge: true },
  IS: { status: 403, error: 'insufficient_scope', hasChallenge: true },
  UN: { status: 503, error: 'temporarily_unavailable', hasChallenge: false },
  SE: { status: 500, error: 'server_error', hasChallenge: false },
  DP: { status: 401, error: 'invalid_dpop_proof', hasChallenge: true },
  DN: { status: 401, error: 'use_dpop_nonce', hasChallenge: true },
  MD: { status: 421, error: 'misdirected', hasChallenge: false },
  TM: { status: 429, error: 'too_many_requests', hasChallenge: false },
  PD: { status: 403, error: 'access_denied', hasChallenge: false },
}

/** Who is refused so may come again, and is told when. */
const saysWhen: ReadonlySet<RefusalCode> = new Set(['UN', 'TM'])

/** Who is refused so is told in words what to do better. */
const explained: ReadonlySet<RefusalCode> = new Set(['IT', 'IR', 'IS', 'DP', 'DN'])

/** Reads the headers of a fetch response. */
export async function seen(response: Response): Promise<SeenResponse> {
  return { status: response.status, headers: Object.fromEntries(response.headers), body: await response.text() }
}

/** Asserts that an answer is the refusal of this code in every respect, and gives nothing away. */
export function expectRefusal(response: SeenResponse, code: RefusalCode, expected: ExpectedRefusal = {}): void {
  const { status, error, hasChallenge } = shapes[code]
  assert.equal(response.status, status, `${code}: status`)
  expectDiscretion(response, expected.secrets ?? [])
  const text = expectBody(response, code)
  if (saysWhen.has(code)) assert.match(response.headers['retry-after'] ?? '', /^[1-9]\d*$/, 'Retry-After in seconds')
  if (!hasChallenge) {
    assert.equal(response.headers['www-authenticate'], undefined, `${code}: no challenge`)
    return
  }
  if (code === 'DN') assert.match(response.headers['dpop-nonce'] ?? '', /^[\w-]{43}$/, 'a nonce to use')
  for (const { scheme, params } of expectChallenges(response, expected.schemes)) {
    // What is wrong with a proof is no business of bearers.
    const named = scheme === 'Bearer' && (code === 'DP' || code === 'DN') ? undefined : error
    assert.equal(params['error'], named, `${code}: error in the challenge`)
    assert.equal(params['scope'], expected.scope, `${code}: scope in the challenge`)
    assert.equal(params['resource_metadata'], expected.metadataUrl, `${code}: resource_metadata in the challenge`)
    const description = named === undefined || code === 'IS' ? undefined : text
    assert.equal(params['error_description'], description, `${code}: error_description in the challenge`)
  }
}

/** The body says what the code means, and in words what to do better. Gives the words. */
function expectBody(response: SeenResponse, code: RefusalCode): string | undefined {
  const { error } = shapes[code]
  if (error === undefined) {
    assert.equal(response.body, '', `${code}: no body`)
    return undefined
  }
  const said = readError(response)
  assert.equal(said.error, error, `${code}: error in the body`)
  if (!explained.has(code)) return undefined
  const text = String(said.description ?? '')
  assert.notEqual(text, '', `${code}: error_description in the body`)
  return text
}

/** The one Bearer challenge of an answer, whose header parses strictly and holds no character that RFC 6750 forbids. */
export function expectChallenge(response: SeenResponse): Challenge {
  const [challenge] = expectChallenges(response)
  assert.ok(challenge !== undefined)
  return challenge
}

/** The challenges of an answer: one of each scheme, in this order. That of DPoP says which algorithms are accepted. */
export function expectChallenges(
  response: SeenResponse,
  schemes: readonly ('Bearer' | 'DPoP')[] = ['Bearer'],
): Challenge[] {
  const header = response.headers['www-authenticate']
  assert.ok(header !== undefined, 'there is a challenge')
  const challenges = parseChallenges(header)
  assert.deepEqual(
    challenges.map(({ scheme }) => scheme),
    schemes,
  )
  for (const { scheme, params } of challenges) {
    const { scope, error_description: description, algs } = params
    if (description !== undefined) assert.match(description, /^[\x20\x21\x23-\x5B\x5D-\x7E]+$/)
    if (scope !== undefined) assert.match(scope, /^[\x21\x23-\x5B\x5D-\x7E]+(?: [\x21\x23-\x5B\x5D-\x7E]+)*$/)
    if (scheme === 'DPoP') assert.match(algs ?? '', /^(?:ES|RS|PS|Ed)\w+(?: (?:ES|RS|PS|Ed)\w+)*$/)
    else assert.equal(algs, undefined)
  }
  return challenges
}

/** What holds for every refusal: not cached, JSON or nothing, no part of what was sent, no trace of the program. */
function expectDiscretion({ headers, body }: SeenResponse, secrets: readonly string[]): void {
  assert.equal(headers['cache-control'], 'no-store')
  if (body !== '') assert.match(headers['content-type'] ?? '', /^application\/json\b/)
  const everything = `${JSON.stringify(headers)}\n${body}`
  assert.doesNotMatch(everything, /\bat .+:\d+:\d+|node_modules|\.ts\b/, 'no stack')
  for (const secret of secrets) {
    if (secret.length > 3) assert.ok(!everything.includes(secret), 'nothing of the credential comes back')
  }
}

function readError({ body }: SeenResponse): { readonly error: unknown; readonly description: unknown } {
  const parsed: unknown = JSON.parse(body)
  assert.ok(typeof parsed === 'object' && parsed !== null)
  const { error, error_description: description, ...more }: Record<string, unknown> = { ...parsed }
  assert.deepEqual(more, {})
  return { error, description }
}
