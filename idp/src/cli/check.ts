import { readSeed } from './seed-file.ts'
import type { Terminal } from './terminal.ts'

/** `postern check`: reads a seed file as the servers would, and says what is wrong where. */
export async function checkVerb(file: string, options: { readonly json?: boolean }, terminal: Terminal): Promise<void> {
  const seed = await readSeed(file, terminal.env)
  const pools = seed.pools.length
  const services = seed.services.length
  const toolsets = seed.toolsets.length
  if (options.json) terminal.out(JSON.stringify({ ok: true, pools, services, toolsets }, null, 2))
  else terminal.out(`${file}: no mistakes (${summary(pools, services, toolsets)})`)
}

function summary(pools: number, services: number, toolsets: number): string {
  const both = [count(pools, 'pool'), count(services, 'service')]
  return [...both, ...(toolsets === 0 ? [] : [count(toolsets, 'toolset')])].join(', ')
}

function count(many: number, what: string): string {
  return `${many} ${what}${many === 1 ? '' : 's'}`
}
