import { type ChildProcessByStdio, execFile, spawn } from 'node:child_process'
import { chown } from 'node:fs/promises'
import { join } from 'node:path'
import { env, getuid, platform } from 'node:process'
import type { Readable, Writable } from 'node:stream'
import { promisify } from 'node:util'
import pg from 'pg'
import { findPostgresBinaries } from './postgres-binaries.ts'
import { type TemporaryFolder, temporaryFolder } from './temporary-folder.ts'

export interface TestPostgres {
  /** The URL of an empty database of its own, made at this call; `name` is a part of its name. */
  url(name?: string): Promise<string>
  /** Removes the databases, and the server where it was started for this. */
  close(): Promise<void>
}

/** Why tests with Postgres are skipped here, or false: for the `skip` option of node:test. */
export function noPostgres(): string | false {
  if (env['TEST_DATABASE_URL'] || (platform !== 'win32' && findPostgresBinaries() !== undefined)) return false
  return 'no PostgreSQL here: set TEST_DATABASE_URL, or install postgresql'
}

/**
 * A real Postgres for tests: the one that TEST_DATABASE_URL names, else one that is started in a temporary folder and is
 * gone when this process is.
 */
export async function startPostgres(): Promise<TestPostgres> {
  const given = env['TEST_DATABASE_URL']
  if (given !== undefined && given !== '') return databases(given, async () => {})
  const folder = findPostgresBinaries()
  if (folder === undefined) throw new Error(noPostgres() || 'no PostgreSQL here')
  const home = await temporaryFolder()
  try {
    const server = await startServer(folder, home)
    return databases(`postgres://postgres@${encodeURIComponent(home.path)}/postgres`, async () => {
      await stopServer(server)
      await home.remove()
    })
  } catch (error) {
    await home.remove()
    throw error
  }
}

function databases(adminUrl: string, stop: () => Promise<void>): TestPostgres {
  const made: string[] = []
  return {
    async url(name = 'test') {
      const database = `postern_${name.replace(/\W/g, '_').toLowerCase()}_${crypto.randomUUID().slice(0, 8)}`
      await asAdmin(adminUrl, `create database "${database}"`)
      made.push(database)
      const url = new URL(adminUrl)
      url.pathname = `/${database}`
      return url.href
    },
    async close() {
      for (const database of made) await asAdmin(adminUrl, `drop database if exists "${database}" with (force)`)
      await stop()
    },
  }
}

async function asAdmin(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}

type Server = ChildProcessByStdio<Writable, null, Readable>

/** Postgres refuses to run as root: then it runs as nobody. */
const nobody = 65534
const user = getuid?.() === 0 ? { uid: nobody, gid: nobody } : {}

/** Ends the server, and removes its folder, when standard input ends: also when this process is killed. */
const leash = 'home=$1; shift; "$@" & server=$!; cat >/dev/null; kill -INT "$server"; wait "$server"; rm -rf "$home"'

async function startServer(binaries: string, home: TemporaryFolder): Promise<Server> {
  const data = join(home.path, 'data')
  if (user.uid !== undefined) await chown(home.path, user.uid, user.gid)
  const options = ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync']
  await promisify(execFile)(join(binaries, 'initdb'), options, { ...user, cwd: home.path })
  const flags = ['-F', '-c', 'listen_addresses=', '-c', 'max_connections=80', '-c', 'shared_buffers=16MB']
  const server = spawn(
    '/bin/sh',
    ['-c', leash, 'sh', home.path, join(binaries, 'postgres'), '-D', data, '-k', home.path, ...flags],
    { ...user, cwd: home.path, stdio: ['pipe', 'ignore', 'pipe'], env: { PATH: env['PATH'], LC_ALL: 'C' } },
  )
  await untilReady(server)
  return server
}

function untilReady(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = ''
    server.stderr.setEncoding('utf8')
    server.stderr.on('data', (text: string) => {
      output = (output + text).slice(-4_000)
      if (output.includes('ready to accept connections')) resolve()
    })
    server.once('error', reject)
    server.once('exit', () => reject(new Error(`Postgres did not start: ${output}`)))
  })
}

async function stopServer(server: Server): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return
  await new Promise<void>((resolve) => {
    server.once('exit', () => resolve())
    server.stdin.end()
  })
}
