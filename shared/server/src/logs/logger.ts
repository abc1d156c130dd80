import { type DestinationStream, type Logger, pino } from 'pino'
import { redact } from './redact.ts'

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
export type LogLevel = (typeof logLevels)[number]

export interface LoggerOptions {
  level: LogLevel
  /** `postern-idp` */
  name: string
  /** Where lines go; standard error when absent, so that standard output stays the program's. */
  destination?: DestinationStream
}

/**
 * JSON lines. What has the name or the look of a credential is replaced at any depth, in messages and stacks too:
 * a slip in one place must not put a secret on the disk.
 */
export function createLogger({ level, name, destination }: LoggerOptions): Logger {
  const logger = pino(
    {
      level,
      name,
      base: { name },
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { err: redact, error: redact },
      formatters: { level: (label) => ({ level: label }), log: redactFields, bindings: redactFields },
      hooks: {
        logMethod(args, method) {
          const [first, ...rest]: unknown[] = args
          const message = rest.length === 0 ? messageOf(first) : undefined
          const safe = message === undefined ? rest.map(redact) : [redact(message)]
          Reflect.apply(method, this, [typeof first === 'string' ? redact(first) : first, ...safe])
        },
      },
    },
    destination ?? pino.destination({ dest: 2, sync: true }),
  )
  redactChildren(logger)
  return logger
}

/** Pino's formatter of bindings sees those of the first logger only. */
function redactChildren(logger: Logger): void {
  const { child } = logger
  Object.defineProperty(logger, 'child', {
    value(this: Logger, bindings: Record<string, unknown>, options?: object): Logger {
      return Reflect.apply(child, this, [redactFields(bindings), options])
    },
  })
}

function redactFields(fields: Record<string, unknown>): Record<string, unknown> {
  const safe = redact(fields)
  return typeof safe === 'object' && safe !== null ? { ...safe } : {}
}

/** Pino would take the message of an error that is logged without one, as it is. */
function messageOf(first: unknown): string | undefined {
  if (first instanceof Error) return first.message
  const err: unknown = typeof first === 'object' && first !== null && 'err' in first ? first.err : undefined
  return err instanceof Error ? err.message : undefined
}
