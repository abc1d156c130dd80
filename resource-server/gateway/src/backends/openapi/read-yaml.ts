import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { printable } from '../text.ts'
import type { BackendLimits } from '../types.ts'
import { documentFault } from './fault.ts'
import type { ParsedYaml } from './parse-yaml.ts'
import type { YamlTask } from './yaml-worker.ts'

/** Beside this file, under the name that it has there. */
const worker = new URL(import.meta.url.endsWith('.ts') ? './yaml-worker.ts' : './yaml-worker.js', import.meta.url)

/**
 * Reads YAML in a thread of its own, for a bounded time and in bounded memory.
 * @throws BackendError
 */
export async function readYaml(text: string, limits: BackendLimits): Promise<unknown> {
  const task: YamlTask = { text, aliases: limits.openapiAliases }
  const thread = new Worker(worker, {
    workerData: task,
    resourceLimits: { maxOldGenerationSizeMb: limits.openapiYamlMemoryMb },
    execArgv: [],
    stderr: true,
  })
  // One that comes when nobody waits any more would end this process.
  thread.on('error', () => {})
  let parsed: ParsedYaml
  try {
    const signal = AbortSignal.timeout(limits.openapiYamlMs)
    ;[parsed] = (await once(thread, 'message', { signal })) as [ParsedYaml]
  } catch {
    throw documentFault('', 'it takes too long or too much memory to read as YAML; give it as JSON')
  } finally {
    await thread.terminate()
  }
  if ('fault' in parsed) throw documentFault('', printable(parsed.fault, limits.quotedLength))
  return parsed.value
}
