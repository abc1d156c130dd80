import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isJsonObject } from './json-rpc.ts'
import { identityOf, kill, killGroup, membersWith } from './process.ts'

/** What is written down of a process while it runs. */
interface ProcessNote {
  readonly pid: number
  readonly identity: string
  /** The gateway that started it. */
  readonly owner: { readonly pid: number; readonly identity: string }
  /** Its HOME, which lies in the data folder. */
  readonly home: string
}

/** Remembers on disk which processes run, so that the next gateway ends what a killed one has left. */
export interface Leftovers {
  /** Writes a process down that has just started; returns how to strike it out. */
  note(pid: number, home: string): () => void
  /** Ends what gateways that are no more have left running; returns the ids of those processes. */
  sweep(): Promise<number[]>
}

/**
 * Keeps the notes in a folder. A process is only ever ended when its id and its moment of start are those that were
 * noted; where the leader of a group has gone, its members when their HOME is the noted one. Works on Linux; elsewhere
 * nothing is noted.
 */
export function createLeftovers(folder: string): Leftovers {
  return {
    note(pid, home) {
      const identity = identityOf(pid)
      const own = identityOf(process.pid)
      if (identity === undefined || own === undefined) return () => {}
      const note: ProcessNote = { pid, identity, owner: { pid: process.pid, identity: own }, home }
      const file = join(folder, `${pid}.json`)
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      writeFileSync(file, JSON.stringify(note), { mode: 0o600 })
      return () => rmSync(file, { force: true })
    },
    async sweep() {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      const names = await readdir(folder)
      return names.filter((name) => /^\d+\.json$/.test(name)).flatMap((name) => endOne(join(folder, name)))
    },
  }
}

function endOne(file: string): number[] {
  const note = readNote(file)
  if (note !== undefined && identityOf(note.owner.pid) === note.owner.identity) return []
  rmSync(file, { force: true })
  return note === undefined ? [] : end(note)
}

function end({ pid, identity, home }: ProcessNote): number[] {
  if (identityOf(pid) === identity) {
    killGroup(pid)
    return [pid]
  }
  const members = membersWith(pid, `HOME=${home}`)
  for (const member of members) kill(member)
  return members
}

function readNote(file: string): ProcessNote | undefined {
  try {
    const note: unknown = JSON.parse(readFileSync(file, 'utf8'))
    return isNote(note) ? note : undefined
  } catch {
    return undefined
  }
}

function isNote(value: unknown): value is ProcessNote {
  if (!isJsonObject(value) || !isJsonObject(value['owner'])) return false
  const { pid, identity, owner, home } = value
  // Group 1, or one of no process at all, is everybody's.
  const isPid = (id: unknown): boolean => Number.isSafeInteger(id) && Number(id) > 1
  const isText = (text: unknown): boolean => typeof text === 'string' && text !== ''
  return isPid(pid) && isText(identity) && isText(home) && isText(owner['identity']) && Number(owner['pid']) > 0
}

/** Removes the folders of which `names` holds the beginning and that nobody has touched for `ageMs`. */
export async function removeAbandoned(folder: string, names: string, ageMs: number): Promise<void> {
  const found = await readdir(folder).catch(() => [])
  for (const name of found) {
    if (!name.startsWith(names)) continue
    const path = join(folder, name)
    const touched = await stat(path).then(
      ({ mtimeMs }) => mtimeMs,
      () => undefined,
    )
    if (touched !== undefined && Date.now() - touched > ageMs) await rm(path, { recursive: true, force: true })
  }
}
