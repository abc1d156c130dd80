import type { Logger } from 'pino'
import { createLogger } from '../logs/logger.ts'

export interface CapturedLog {
  log: Logger
  /** Every line so far, as it would be printed. */
  text(): string
  /** The same, parsed. */
  lines(): Record<string, unknown>[]
}

/** A real logger that keeps its lines: silent, and open to a test. */
export function captureLog(): CapturedLog {
  let text = ''
  const destination = {
    write(line: string) {
      text += line
    },
  }
  return {
    log: createLogger({ level: 'trace', name: 'test', destination }),
    text: () => text,
    lines: () => text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)])),
  }
}
