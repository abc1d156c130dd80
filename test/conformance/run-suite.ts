import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** How a check of the conformance suite came out, and what it said to it. */
export interface Check {
  readonly status: string
  readonly message: string
}

const program = join(
  dirname(createRequire(import.meta.url).resolve('@modelcontextprotocol/conformance/package.json')),
  'dist/index.js',
)

/** Runs all scenarios that a revision requires against a URL; the checks by `<scenario>/<check>`, counted where one is repeated. */
export async function runSuite(url: string, revision: string): Promise<ReadonlyMap<string, Check>> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-conformance-'))
  try {
    const args = [program, 'server', '--url', url, '--requirements', revision, '--output-dir', folder]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] })
    const exited = once(child, 'exit')
    let stderr = ''
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString()
    })
    await exited
    const checks = await readChecks(folder)
    if (checks.size === 0) throw new Error(`the suite did not run: ${stderr}`)
    return checks
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function readChecks(folder: string): Promise<ReadonlyMap<string, Check>> {
  const checks = new Map<string, Check>()
  for (const entry of (await readdir(folder)).sort()) {
    const scenario = entry.replace(/^server-/, '').replace(/-\d{4}-\d\d-\d\dT.*$/, '')
    const found: { id: string; status: string; errorMessage?: string }[] = JSON.parse(
      await readFile(join(folder, entry, 'checks.json'), 'utf8'),
    )
    for (const { id, status, errorMessage = '' } of found) {
      let name = `${scenario}/${id}`
      for (let count = 2; checks.has(name); count++) name = `${scenario}/${id} (${count})`
      checks.set(name, { status, message: errorMessage })
    }
  }
  return checks
}
