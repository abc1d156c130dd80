import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * Writes a program that a client may open URLs with, by the variable BROWSER. It follows redirects, without cookies, and
 * can do nothing else: it arrives where a pool approves by itself.
 */
export async function writeBrowser(folder: string): Promise<string> {
  const file = join(folder, 'browser')
  const visit = 'const r = await fetch(process.argv[1]); await r.text(); process.exitCode = r.ok ? 0 : 1'
  await writeFile(file, `#!/bin/sh\nexec "${process.execPath}" --input-type=module -e '${visit}' "$1"\n`)
  await chmod(file, 0o700)
  return file
}
