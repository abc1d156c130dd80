import { readFile } from 'node:fs/promises'
import { connect } from 'node:tls'

const timeoutMs = 2_000

/** Whether a server on this machine has a certificate of this authority: it was started with `--https`. */
export async function speaksTls(port: number, authorityFile: string): Promise<boolean> {
  const ca = await readFile(authorityFile).catch(() => undefined)
  if (ca === undefined) return false
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = connect({ host: 'localhost', port, ca, timeout: timeoutMs }, () => resolve(true))
  socket.on('error', () => resolve(false)).on('timeout', () => resolve(false))
  try {
    return await promise
  } finally {
    socket.destroy()
  }
}
