import { transcripts } from './python-transcripts.ts'

/** A request of one of the Python SDKs. */
export interface Recorded {
  /** Request line and headers, a line each. */
  readonly head: string
  readonly body: string
  /** Of the action. */
  readonly name: string
  /** `id` or `agentkit`. */
  readonly service: string
  /** Epoch milliseconds. */
  readonly sentAt: number
}

/** In the order in which they were sent. */
export const recorded: readonly Recorded[] = transcripts.map(read)

function read(text: string): Recorded {
  const [head = '', body = ''] = text.split('\n\n')
  const [, name = ''] = /Action=(\w+)/.exec(head) ?? []
  const [, service = ''] = /Credential=[^/]+\/\d+\/[^/]+\/(\w+)\//.exec(head) ?? []
  const date = (/^X-Date: (.+)$/m.exec(head)?.[1] ?? '').replace(/^(....)(..)(..T..)(..)(..Z)$/, '$1-$2-$3:$4:$5')
  return { head, body, name, service, sentAt: Date.parse(date) }
}
