import { randomBytes } from 'node:crypto'

const timeDigits = 9
const countDigits = 4
const base = 36

/**
 * Makes ids that sort by time: nine base-36 digits of epoch milliseconds, four of a count within the millisecond, six
 * that tell processes apart. Within a process ids only grow, even when the clock is set back.
 */
export function createEventIds(): (now: number) => string {
  const suffix = randomBytes(8).readBigUInt64BE().toString(base).padStart(13, '0').slice(-6)
  let last = -1
  let prefix = ''
  let count = 0
  return (now) => {
    if (now > last) {
      last = now
      prefix = firstIdAt(now)
      count = 0
    }
    const digits = count.toString(base)
    count += 1
    return prefix + '0000'.slice(digits.length) + digits + suffix
  }
}

/** The smallest id that an event of this time (epoch ms) can have. */
export function firstIdAt(time: number): string {
  return Math.max(0, Math.floor(time)).toString(base).padStart(timeDigits, '0')
}

/** Whether a text is an event id. */
export function isEventId(text: string): boolean {
  return idPattern.test(text)
}

const idPattern = new RegExp(`^[0-9a-z]{${timeDigits + countDigits + 6}}$`)
