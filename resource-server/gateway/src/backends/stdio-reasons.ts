import type { HandshakeError } from './handshake.ts'
import type { SpawnProblem } from './process.ts'
import type { StdioChannel, StdioEnd } from './stdio-channel.ts'
import { printable, redact } from './text.ts'
import type { BackendLimits, StdioBackend } from './types.ts'

type Witness = Pick<StdioChannel, 'stderr' | 'garbage'>

/** Why a process could not even be started. */
export function spawnSentence({ command, cwd }: StdioBackend, problem: SpawnProblem): string {
  switch (problem) {
    case 'not_found':
      return `the command \`${command}\` does not exist: install it or give its full path`
    case 'not_executable':
      return `the file \`${command}\` cannot be executed: make it executable, or give the program that runs it as command and the file in args`
    case 'no_folder':
      return cwd === undefined
        ? 'its working folder could not be made: check that the data folder can be written'
        : `the folder \`${cwd}\` (cwd) does not exist: make it or leave cwd away`
    case 'other':
      return `the command \`${command}\` could not be started`
  }
}

/** Why a process that ran did not become a backend. */
export function handshakeSentence(
  backend: StdioBackend,
  witness: Witness,
  error: HandshakeError,
  limits: BackendLimits,
): string {
  const said =
    error.problem === 'timeout'
      ? `\`${backend.command}\` did not answer initialize within ${limits.startMs / 1000} s`
      : `\`${backend.command}\` ${error.message}`
  const quoted = error.quoted === undefined ? '' : `: ${quote(error.quoted, backend, limits.quotedLength)}`
  return said + quoted + evidence(backend, witness, limits)
}

/** How a process came to its end. */
export function endedSentence(backend: StdioBackend, witness: Witness, end: StdioEnd, limits: BackendLimits): string {
  return `\`${backend.command}\` ${endedHow(end, limits)}${evidence(backend, witness, limits)}`
}

function endedHow({ exit, overflow }: StdioEnd, limits: BackendLimits): string {
  if (overflow === 'line') return `was stopped, for it printed a line longer than ${limits.messageBytes} bytes`
  if (overflow === 'garbage')
    return `was stopped, for it printed more than ${limits.garbageBytes} bytes that are no messages`
  if (overflow === 'message') return 'was stopped, for one of its messages could not be passed on'
  if (overflow === 'unread') return 'was stopped, for it did not read its stdin'
  if (overflow === 'memory')
    return `was killed, for it took more than ${limits.processMemoryMb} MB of memory with what it started (POSTERN_MAX_PROCESS_MEMORY_MB)`
  if (overflow === 'processes')
    return `was killed, for it ran more than ${limits.processesPerBackend} processes at once, itself and what it started`
  return exit.signal === null ? `exited with code ${exit.code}` : `was ended by ${exit.signal}`
}

function evidence(backend: StdioBackend, witness: Witness, { quotedLength }: BackendLimits): string {
  const garbage = witness.garbage()
  const printed =
    garbage === undefined
      ? ''
      : `; it printed something that is not MCP on stdout: ${quote(garbage, backend, quotedLength)}`
  // What somebody wants to know stands at the end.
  const last = printable(redact(witness.stderr(), secretsOf(backend)).slice(-2 * quotedLength), 2 * quotedLength)
  return printed + (last === '' ? '' : `; stderr: ${last}`)
}

function quote(text: string, backend: StdioBackend, length: number): string {
  return printable(redact(text, secretsOf(backend)), length)
}

function secretsOf({ env = {} }: StdioBackend): string[] {
  return Object.values(env)
}
