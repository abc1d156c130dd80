import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

/** Runs `sides/<file>` to its end in a fresh process and reads the JSON that it prints last. */
export async function runScript<T>(file: string): Promise<T> {
  const path = fileURLToPath(new URL(`./sides/${file}`, import.meta.url))
  const env = { ...process.env, NODE_ENV: 'production', NODE_NO_WARNINGS: '1' }
  const child = spawn(process.execPath, [path], { stdio: ['ignore', 'pipe', 'inherit'], env })
  const exit = once(child, 'exit')
  const printed = await text(child.stdout)
  const [code] = await exit
  if (code !== 0) throw new Error(`${file} ended with ${code}`)
  return JSON.parse(printed.trim().split('\n').at(-1) ?? '') as T
}
