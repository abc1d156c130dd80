import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createConnection } from './connection.ts'
import { childEnvironment } from './environment.ts'
import { HandshakeError, shakeHands } from './handshake.ts'
import type { JsonObject, RpcNotification } from './json-rpc.ts'
import type { End, Live } from './live.ts'
import { createPeer } from './peer.ts'
import { type ChildProcess, SpawnError, startProcess } from './process.ts'
import type { ProcessWatch } from './process-watch.ts'
import { createStdioChannel, type StdioChannel } from './stdio-channel.ts'
import { endedSentence, handshakeSentence, spawnSentence } from './stdio-reasons.ts'
import { BackendError, type BackendLimits, type StdioBackend } from './types.ts'

/** The command that is really run: `npx pkg` has become `node <file>` by then. */
export interface Command {
  readonly command: string
  readonly args: readonly string[]
}

export interface StdioOptions {
  readonly backend: StdioBackend
  readonly command: Command
  /** A folder of the process's own: HOME and, without `cwd`, the working folder lie in it. Made when missing. */
  readonly folder: string
  readonly shared: boolean
  /** What the backend may ask of its client. */
  readonly capabilities: JsonObject
  readonly limits: BackendLimits
  readonly signal?: AbortSignal
  /** Told of the process as soon as it runs; what it returns is called when it has gone. */
  readonly onStart?: (child: Pick<ChildProcess, 'pid' | 'marker'>) => () => void
  /** Limits the memory and the number of the process and what it forks. */
  readonly watch?: ProcessWatch
}

/**
 * Starts a process and gets to know it.
 * @throws BackendError with a sentence that names the mend where there is one
 */
export async function startStdio(options: StdioOptions): Promise<Live> {
  const { backend, capabilities, limits } = options
  const channel = await spawnChannel(options)
  const peer = createPeer({
    channel,
    capabilities,
    limits,
    onNotification: (notification) => deliver(notification),
  })
  // Nobody watches before the connection is made.
  let deliver: (notification: RpcNotification) => void = () => {}
  channel.listen({ onMessage: peer.receive, onClosed: () => peer.close('The backend of this service has stopped.') })
  const abort = (): void => void channel.close()
  options.signal?.addEventListener('abort', abort, { once: true })
  if (options.signal?.aborted === true) abort()
  try {
    const server = await shakeHands(peer, channel, { prefer: 'legacy', capabilities, timeoutMs: limits.startMs })
    const { connection, onNotification } = createConnection({
      peer,
      server,
      shared: options.shared,
      requestMs: limits.requestMs,
    })
    deliver = onNotification
    const ended = channel.ended.then((end): End => {
      return end.asked ? { kind: 'closed' } : { kind: 'failed', reason: endedSentence(backend, channel, end, limits) }
    })
    return { connection, pid: channel.pid, ended, close: channel.close }
  } catch (error) {
    throw await failure(error, backend, channel, limits)
  } finally {
    options.signal?.removeEventListener('abort', abort)
  }
}

async function spawnChannel({ backend, command, folder, limits, onStart, watch }: StdioOptions): Promise<StdioChannel> {
  const home = join(folder, 'home')
  const work = join(folder, 'work')
  await Promise.all([mkdir(home, { recursive: true, mode: 0o700 }), mkdir(work, { recursive: true, mode: 0o700 })])
  const cwd = backend.cwd ?? work
  try {
    const child = await startProcess({ ...command, cwd, env: childEnvironment(home, backend.env) })
    const channel = createStdioChannel(child, limits)
    const onEnd = await writeDown(child, channel, onStart)
    const forget = watch?.add(child.family, channel.killFor)
    const letGo = channel.ended.then(() => {
      forget?.()
      onEnd?.()
    })
    // A note that cannot be struck out names a process that is no more: the next gateway finds that out by itself.
    letGo.catch(() => {})
    return channel
  } catch (error) {
    if (error instanceof SpawnError)
      throw new BackendError('failed', spawnSentence(backend, error.problem), { cause: error })
    throw error
  }
}

/** What could not be written down does not run: after a crash nobody would know that it is there to be ended. */
async function writeDown(
  child: ChildProcess,
  channel: StdioChannel,
  onStart: StdioOptions['onStart'],
): Promise<(() => void) | undefined> {
  try {
    return onStart?.(child)
  } catch (error) {
    await channel.close()
    const sentence =
      'the process could not be written down in the data folder: see whether it is full or write-protected'
    throw new BackendError('failed', sentence, { cause: error })
  }
}

async function failure(error: unknown, backend: StdioBackend, channel: StdioChannel, limits: BackendLimits) {
  const hasGone = error instanceof HandshakeError && error.problem === 'closed'
  // Why it went is known only once it has gone: its last words come with its end.
  const end = hasGone ? await channel.ended : undefined
  await channel.close()
  if (!(error instanceof HandshakeError)) return error
  const sentence =
    end === undefined
      ? handshakeSentence(backend, channel, error, limits)
      : endedSentence(backend, channel, end, limits)
  return new BackendError('failed', sentence, { cause: error })
}
