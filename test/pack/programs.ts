import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

// What the kit is tried on besides Node is large, and has an install of its own: who wants to see Postern need not wait for it.
export const runtimesFolder = fileURLToPath(new URL('../runtimes', import.meta.url))
const runtimes = createRequire(new URL('../runtimes/package.json', import.meta.url))

/** How to come by what `folderOf` does not find. */
export const installRuntimes = '`npm ci --prefix test/runtimes` installs it'

/** Where a package of `test/runtimes` is; undefined where it is not installed. */
export function folderOf(name: string): string | undefined {
  try {
    return dirname(runtimes.resolve(`${name}/package.json`))
  } catch {
    return undefined
  }
}

/** Whatever a program wants to keep stays in the folder, and none tells anybody of itself or asks for a newer version. */
export function quietEnv(folder: string): NodeJS.ProcessEnv {
  const { PATH } = process.env
  return {
    PATH,
    HOME: folder,
    DENO_DIR: `${folder}/deno`,
    DENO_NO_UPDATE_CHECK: '1',
    BUN_RUNTIME_TRANSPILER_CACHE_PATH: '0',
    NEXT_TELEMETRY_DISABLED: '1',
    DO_NOT_TRACK: '1',
    NO_COLOR: '1',
  }
}

/** The port that a program prints as `"port":1234`. */
export function portOf(child: ChildProcess): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  let text = ''
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
    const found = /"port":(\d+)/.exec(text)?.[1]
    if (found !== undefined) resolve(Number(found))
  })
  child.once('error', reject)
  child.once('exit', () => reject(new Error(`it ended too early; it printed: ${text}`)))
  return promise
}

/** Ends programs, and waits until they are gone. */
export async function end(children: readonly ChildProcess[]): Promise<void> {
  for (const child of children) {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) continue
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }
}
