import { limits, type Seed, seedError } from '@postern/server'
import { Failure } from './failure.ts'
import { callServer, isRecord, reach } from './rest.ts'
import { issueLines, readSeed } from './seed-file.ts'
import { findServers, type Server, type ServerOptions } from './servers.ts'
import { formatTable } from './table.ts'
import { type Terminal, withProgress } from './terminal.ts'

export interface ApplyOptions extends ServerOptions {
  readonly prune?: boolean
  readonly json?: boolean
}

/** One object of the seed and what became of it. */
interface Change {
  readonly kind: string
  readonly id: string
  readonly action: string
}

/** `postern apply`: checks a seed file as a whole, then has each server apply its part. */
export async function applyVerb(file: string, options: ApplyOptions, terminal: Terminal): Promise<void> {
  const seed = await readSeed(file, terminal.env)
  refuseLarge(file, seed)
  const servers = await concerned(seed, options, terminal)
  const changes = await withProgress(terminal, `Applying ${file}`, applyTo(servers, seed, options, terminal))
  if (options.json) terminal.out(JSON.stringify({ changes }, null, 2))
  else terminal.out(summary(file, changes))
}

/** A file within its limit may be larger as JSON, which has the defaults and what aliases and variables stand for. */
function refuseLarge(file: string, seed: Seed): void {
  const bytes = Buffer.byteLength(JSON.stringify(seed))
  if (bytes <= limits.bodyBytes) return
  throw new Failure(
    'failed',
    `${file} comes to ${bytes} bytes as JSON, and the servers take ${limits.bodyBytes}; split it, and apply the parts one after the other without --prune`,
  )
}

/** The gateway need not be there for a file that has nothing for it. */
async function concerned(seed: Seed, options: ApplyOptions, terminal: Terminal): Promise<Server[]> {
  const { idp, gateway } = await findServers(options, terminal.env)
  const hasNone = seed.services.length === 0 && seed.toolsets.length === 0
  return hasNone && !options.prune ? [idp] : [idp, gateway]
}

async function applyTo(
  servers: readonly Server[],
  seed: Seed,
  { prune }: ApplyOptions,
  { env }: Terminal,
): Promise<Change[]> {
  // All of them answer before any of them is changed.
  for (const server of servers) await reach(server)
  const changes: Change[] = []
  for (const server of servers) {
    const path = prune ? '/seed?prune=true' : '/seed'
    const answer = await callServer(server, { method: 'POST', path, body: seed }, env).catch((error: unknown) => {
      throw located(error, seed)
    })
    changes.push(...changesIn(answer, server))
  }
  return changes
}

/** What a server refuses of a seed, with the lines of the file. */
function located(error: unknown, seed: Seed): unknown {
  if (!(error instanceof Failure) || error.kind !== 'refused') return error
  const { problem } = error.details
  const errors = isRecord(problem) && Array.isArray(problem['errors']) ? problem['errors'].filter(isRecord) : []
  if (errors.length === 0) return error
  const fields = errors.map(({ field, message }) => ({
    field: String(field),
    code: 'invalid' as const,
    message: String(message),
  }))
  const { issues } = seedError(seed, fields)
  const [first] = error.message.split('\n')
  return new Failure('refused', [first, ...issueLines(issues)].join('\n'), { ...error.details, issues })
}

function changesIn(answer: unknown, server: Server): Change[] {
  const changes = isRecord(answer) ? answer['changes'] : undefined
  if (!Array.isArray(changes)) {
    throw new Failure('failed', `${server.url} did not say what it changed; is it the same version of Postern?`)
  }
  return changes
    .filter(isRecord)
    .map(({ kind, id, action }) => ({ kind: String(kind), id: String(id), action: String(action) }))
}

function summary(file: string, changes: readonly Change[]): string {
  const changed = changes.filter(({ action }) => action !== 'unchanged')
  const unchanged = `${changes.length - changed.length} unchanged`
  if (changed.length === 0) return `${file}: nothing to change (${unchanged})`
  return `${formatTable(['kind', 'id', 'action'], changed)}\n(${unchanged})`
}
