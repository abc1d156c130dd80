import { FetchProblem } from './problem.ts'

/** Reads a body as UTF-8 text while counting, and lets go of it at the first byte above `maxBytes`. */
export async function readBounded(response: Response, maxBytes: number): Promise<string> {
  if (response.body === null) return ''
  const decoder = new TextDecoder()
  const reader = response.body.getReader()
  let text = ''
  let size = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return text + decoder.decode()
    size += value.byteLength
    if (size > maxBytes) {
      reader.cancel().catch(() => undefined)
      throw new FetchProblem('too_large', `the answer is longer than ${maxBytes} bytes`, response.status)
    }
    text += decoder.decode(value, { stream: true })
  }
}

/** Ends a body that nobody will read, so that its connection is free again. */
export function letGo(body: ReadableStream<Uint8Array> | null): void {
  body?.cancel().catch(() => undefined)
}
