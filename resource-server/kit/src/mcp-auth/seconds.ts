import { ConfigError } from '../options/config-error.ts'

const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800, y: 31_557_600 }
const span = /^(\d+(?:\.\d+)?) ?(s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|weeks?|y|yrs?|years?)$/i

/** A span of time as jose takes it: seconds as a number, or a text such as `2 minutes`. Undefined where it is absent. */
export function readSeconds(value: unknown, path: string): number | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'number' && value >= 0 && Number.isFinite(value)) return value
  const [, amount, unit = ''] = typeof value === 'string' ? (span.exec(value) ?? []) : []
  const factor = units[unit.slice(0, 1).toLowerCase()]
  if (amount === undefined || factor === undefined) {
    throw new ConfigError(path, 'must be a number of seconds, or a text such as "2 minutes"')
  }
  return Number(amount) * factor
}
