import type { RequestBody } from './request.ts'

/** Reads the body of a fetch `Request` from a clone, so that the request itself can still be read. */
export async function readFetchBody(request: Request, maxBytes: number): Promise<RequestBody> {
  if (request.bodyUsed) return 'gone'
  if (Number(request.headers.get('content-length')) > maxBytes) return 'too_long'
  const { body } = request.clone()
  return body === null ? { bytes: new Uint8Array() } : readStream(body, maxBytes)
}

async function readStream(stream: ReadableStream<Uint8Array>, maxBytes: number): Promise<RequestBody> {
  const reader = stream.getReader()
  const chunks: Uint8Array[] = []
  let length = 0
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      length += next.value.byteLength
      if (length > maxBytes) {
        // Not awaited: the other branch of the clone is not read, so this would never settle.
        void reader.cancel()
        return 'too_long'
      }
      chunks.push(next.value)
    }
  } catch {
    return 'cut_off'
  }
  return { bytes: join(chunks, length) }
}

function join(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.byteLength
  }
  return bytes
}
