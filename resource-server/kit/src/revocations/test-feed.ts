// For tests: an issuer with a feed, over real HTTP, that says whatever a test wants it to say.
import { createServer, type ServerResponse } from 'node:http'
import { type Clock, type JsonObject, sha256Base64url } from '@postern/core'
import { assemble, createSigningKey, type SigningKey, signBytes } from '../testing/signing.ts'

export interface TestFeed {
  readonly issuer: string
  readonly key: SigningKey
  /** What metadata, keys and feed answer; tests replace them. `feed` gets the question. */
  readonly answers: { metadata: JsonObject; keys: unknown[] | number; feed: FeedAnswer }
  /** The questions that came to the feed. */
  readonly asked: URLSearchParams[]
  /** Claims of a statement about the question, with nothing in it. */
  claims(question: URLSearchParams, changes?: JsonObject): JsonObject
  sign(claims: JsonObject, options?: { header?: JsonObject; key?: SigningKey }): string
  /** An access token of the issuer. */
  mint(changes?: JsonObject): string
  close(): Promise<void>
}

/** A text is sent as it is; a function may do with the response what it likes. */
export type FeedAnswer = (question: URLSearchParams, res: ServerResponse) => string | undefined | Promise<string>

export const resource = 'https://mcp.example/mcp'

export async function openFeed(clock: Clock): Promise<TestFeed> {
  const key = createSigningKey('ES256')
  const asked: URLSearchParams[] = []
  const server = createServer((req, res) => {
    const url = new URL(req.url ?? '', origin)
    void answer(url, res).catch(() => res.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const origin = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
  const now = () => Math.floor(clock.now() / 1000)

  const claims: TestFeed['claims'] = (question, changes = {}) => {
    const after = Number(question.get('after'))
    return { iss: origin, iat: now(), exp: now() + 60, after, seq: after, entries: [], ...changes }
  }
  const sign: TestFeed['sign'] = (payload, { header = {}, key: signer = key } = {}) =>
    assemble({ alg: 'ES256', typ: 'revocations+jwt', kid: signer.kid, ...header }, payload, (input) =>
      signBytes(input, 'ES256', signer.privateKey),
    )
  const answers: TestFeed['answers'] = {
    metadata: { issuer: origin, jwks_uri: `${origin}/keys`, revocation_feed_uri: `${origin}/revocations` },
    keys: [key.jwk],
    feed: (question) => sign(claims(question)),
  }

  async function answer({ pathname, searchParams }: URL, res: ServerResponse): Promise<void> {
    if (pathname === '/keys') {
      if (typeof answers.keys === 'number') res.writeHead(answers.keys).end()
      else res.end(JSON.stringify({ keys: answers.keys }))
    } else if (pathname === '/revocations') {
      asked.push(searchParams)
      const text = await answers.feed(searchParams, res)
      if (text !== undefined) res.writeHead(200, { 'content-type': 'application/revocations+jwt' }).end(text)
    } else if (pathname.startsWith('/.well-known/')) res.end(JSON.stringify(answers.metadata))
    else res.writeHead(404).end()
  }

  return {
    issuer: origin,
    key,
    answers,
    asked,
    claims,
    sign,
    mint(changes = {}) {
      const payload = {
        iss: origin,
        sub: 'user-1',
        aud: resource,
        client_id: 'client-1',
        jti: 'token-1',
        grant_id: 'grant-1',
        iat: now(),
        exp: now() + 300,
        ...changes,
      }
      return sign(payload, { header: { typ: 'at+jwt' } })
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

/** An entry as it is on the wire. */
export async function entryOf(kind: string, value: string, more: JsonObject = {}): Promise<JsonObject> {
  return { kind, hash: await sha256Base64url(value), exp: 4e9, ...more }
}

/** Makes the feed one that tells what is added to it, at once to who waits. */
export function tellLive(feed: TestFeed): { add(entry: JsonObject): void; end(): void } {
  const entries: JsonObject[] = []
  const state = { ended: {} as JsonObject, seq: 0 }
  let wake: (() => void)[] = []
  feed.answers.feed = async (question, res) => {
    const after = Number(question.get('after'))
    if (after >= state.seq && question.get('wait') !== '0') {
      await new Promise<void>((resolve) => {
        wake.push(resolve)
        res.once('close', resolve)
      })
    }
    return feed.sign(feed.claims(question, { seq: state.seq, entries: entries.slice(after), ...state.ended }))
  }
  const tell = (): void => {
    state.seq += 1
    for (const one of wake.splice(0)) one()
    wake = []
  }
  return {
    add(entry) {
      entries.push(entry)
      tell()
    },
    end() {
      state.ended = { ended: true }
      entries.push({ kind: 'unknown', hash: 'x'.repeat(43), exp: 4e9 })
      tell()
    },
  }
}
