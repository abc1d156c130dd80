import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createPlace } from '../cli/house.ts'
import { writeBrowser } from '../clients/browser.ts'
import { freePort } from '../free-port.ts'

const root = join(import.meta.dirname, '..', '..')

/** A folder such as a newcomer has after `npm ci`, with both servers started in it, on ports of its own. */
export interface Newcomer {
  readonly folder: string
  /** What `npm start` printed. */
  readonly banner: string
  /** What programs of the newcomer find in theirs: a browser is there, which follows redirects and can do nothing else. */
  readonly env: Readonly<Record<string, string>>
  /** Lets the demo pool approve by itself, for that browser. */
  unattended(user: string): Promise<void>
  /** Writes the ports of this run in the place of the README's. */
  onOurPorts(text: string): string
  /** Runs a program in the folder, as from the newcomer's second terminal. @throws with all it printed where it fails. */
  run(command: string, args: readonly string[]): Promise<string>
  /** Starts a program that goes on, and waits until something answers at `url`. */
  start(command: string, args: readonly string[], url: string): Promise<void>
  close(): Promise<void>
}

export async function createNewcomer(): Promise<Newcomer> {
  const place = await createPlace()
  const { folder } = place
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
  const app = await freePort()
  const env = {
    ...place.env,
    PATH: `${join(root, 'node_modules', '.bin')}:${process.env['PATH']}`,
    HOME: folder,
    BROWSER: await writeBrowser(folder),
    MCP_AUTO_OPEN_ENABLED: 'true',
  }
  const house = place.serve()
  const programs: ChildProcess[] = []
  const onOurPorts = (text: string) =>
    text
      .replaceAll('http://localhost:4700', place.idpUrl)
      .replaceAll('http://localhost:4701', place.gatewayUrl)
      .replaceAll('3000', `${app}`)
  return {
    folder,
    env,
    banner: await house.ready,
    async unattended(user) {
      const response = await fetch(`${place.idpUrl}/api/v1/user-pools/default`, {
        method: 'PATCH',
        headers: {
          authorization: `Bearer ${(await readFile(join(folder, 'data', 'admin-token'), 'utf8')).trim()}`,
          'content-type': 'application/json',
        },
        body: JSON.stringify({ unattendedUser: user }),
      })
      if (!response.ok) throw new Error(await response.text())
    },
    onOurPorts,
    async run(command, args) {
      const ran = promisify(execFile)(command, [...args], { cwd: folder, env, maxBuffer: 16 << 20 })
      const { stdout } = await ran.catch((error: Error & { stdout?: string; stderr?: string }) => {
        throw new Error(`${command} failed: ${error.message}\n${error.stdout}\n${error.stderr}`)
      })
      return stdout
    },
    async start(command, args, url) {
      programs.push(spawn(command, [...args], { cwd: folder, env, stdio: ['ignore', 'inherit', 'inherit'] }))
      await untilAnswered(onOurPorts(url))
    },
    async close() {
      await Promise.all([house.stop(), ...programs.map(stop)])
      await place.remove()
    },
  }
}

async function untilAnswered(url: string): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt++) {
    const response = await fetch(url).catch(() => undefined)
    await response?.body?.cancel()
    if (response) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`nothing answered at ${url} within 30 s`)
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGTERM')
  await once(child, 'exit')
}
