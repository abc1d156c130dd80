/**
 * Reads a body up to a length; the rest is not waited for.
 * @throws when the connection ends in between
 */
export async function readBytes(
  { body }: Response,
  most: number,
): Promise<{ readonly bytes: Uint8Array; readonly isCut: boolean }> {
  const chunks: Uint8Array[] = []
  let size = 0
  if (body !== null) {
    // Leaving the loop ends the body.
    for await (const chunk of body) {
      chunks.push(chunk)
      size += chunk.byteLength
      if (size > most) break
    }
  }
  return { bytes: Buffer.concat(chunks).subarray(0, most), isCut: size > most }
}
