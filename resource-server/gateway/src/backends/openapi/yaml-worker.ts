/** The thread that reads YAML: some texts take the parser very long, and nobody else is to wait for them. */
import { parentPort, workerData } from 'node:worker_threads'
import { parseYaml } from './parse-yaml.ts'

export interface YamlTask {
  readonly text: string
  /** How often aliases may be used. */
  readonly aliases: number
}

const { text, aliases }: YamlTask = workerData
parentPort?.postMessage(parseYaml(text, aliases))
