import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { createFamily } from './family.ts'
import { isJsonObject } from './json-rpc.ts'
import { identityOf, startTimeOf } from './proc.ts'
import type { ChildProcess } from './process.ts'

/** What is written down of a process while it runs. */
interface ProcessNote {
  readonly pid: number
  readonly identity: string
  /** The gateway that started it. */
  readonly owner: { readonly pid: number; readonly identity: string }
  /** What its family carries in the environment. */
  readonly marker: string
}

/** Remembers on disk which processes run, so that the next gateway ends what a killed one has left. */
export interface Leftovers {
  /** Writes a process down that has just started; returns how to strike it out. */
  note(child: Pick<ChildProcess, 'pid' | 'marker'>): () => void
  /** Ends what gateways that are no more have left running, wherever it has gone; returns the ids of those processes. */
  sweep(): Promise<number[]>
}

/**
 * Keeps the notes in a folder. A process is only ever ended when its id and its moment of start are those that were
 * noted, or when it carries the marker that was. Works on Linux; elsewhere nothing is noted.
 */
export function createLeftovers(folder: string): Leftovers {
  return {
    note({ pid, marker }) {
      const identity = identityOf(pid)
      const own = identityOf(process.pid)
      if (identity === undefined || own === undefined) return () => {}
      const note: ProcessNote = { pid, identity, owner: { pid: process.pid, identity: own }, marker }
      const file = join(folder, `${pid}.json`)
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      writeFileSync(file, JSON.stringify(note), { mode: 0o600 })
      return () => rmSync(file, { force: true })
    },
    async sweep() {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      const names = await readdir(folder)
      const notes = names.filter((name) => /^\d+\.json$/.test(name))
      return (await Promise.all(notes.map((name) => endOne(join(folder, name))))).flat()
    },
  }
}

async function endOne(file: string): Promise<number[]> {
  const note = readNote(file)
  if (note !== undefined && identityOf(note.owner.pid) === note.owner.identity) return []
  const ended = note === undefined ? [] : await end(note)
  // Not before, or who is killed in between leaves them for good.
  await rm(file, { force: true })
  return ended
}

async function end({ pid, identity, marker }: ProcessNote): Promise<number[]> {
  const startTime = identityOf(pid) === identity ? startTimeOf(pid) : undefined
  const family = createFamily({ pid, startTime, marker })
  const members = await family.look()
  await family.kill()
  return members.map((member) => member.pid)
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
  const { pid, identity, owner, marker } = value
  // Group 1, or one of no process at all, is everybody's.
  const isPid = (id: unknown): boolean => Number.isSafeInteger(id) && Number(id) > 1
  const isText = (text: unknown): boolean => typeof text === 'string' && text !== ''
  return isPid(pid) && isText(identity) && isText(marker) && isText(owner['identity']) && Number(owner['pid']) > 0
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
