import type { Logger } from 'pino'
import { limits } from '../limits.ts'
import { errorText } from '../start-error.ts'

/** Named checks of what the server cannot work without. Each resolves, or rejects with the reason. */
export type ReadinessChecks = Readonly<Record<string, () => Promise<void>>>

export interface Readiness {
  ready: boolean
  checks: Record<string, 'ok' | 'failed'>
}

/** Runs the checks, each bounded in time. Callers that ask meanwhile share the answer; reasons go to the log only. */
export function createReadiness(checks: ReadinessChecks, log: Logger): () => Promise<Readiness> {
  let running: Promise<Readiness> | undefined
  return () => {
    running ??= run(checks, log).finally(() => {
      running = undefined
    })
    return running
  }
}

async function run(checks: ReadinessChecks, log: Logger): Promise<Readiness> {
  const results = await Promise.all(
    Object.entries(checks).map(async ([name, check]): Promise<[string, 'ok' | 'failed']> => {
      try {
        await withTimeout(check())
        return [name, 'ok']
      } catch (error) {
        log.warn({ check: name, reason: errorText(error) }, 'a readiness check failed')
        return [name, 'failed']
      }
    }),
  )
  return { ready: results.every(([, result]) => result === 'ok'), checks: Object.fromEntries(results) }
}

async function withTimeout(work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('took too long')), limits.readinessTimeout)
  })
  await Promise.race([work, late]).finally(() => clearTimeout(timer))
}
