import { redact, limits as serverLimits } from '@postern/server'
import type { Json } from '../../backends/json-rpc.ts'

const longestText = 4096
/** A longer text that may be JSON is left out. */
const longestJson = 65_536
const mostMembers = 50
const mostDepth = 6

/**
 * The arguments of a call as an event may hold them: JSON, bounded, without what has the name or the look of a
 * credential. Other secrets cannot be told from other words.
 */
export function auditedArguments(value: Json | undefined): string | undefined {
  if (value === undefined) return undefined
  const budget = { left: serverLimits.eventArguments * 8 }
  // Once more as a text: names of members are the caller's too.
  const text = String(redact(JSON.stringify(redact(trimmed(value, 0, budget)))))
  return text.length > serverLimits.eventArguments ? `${text.slice(0, serverLimits.eventArguments - 1)}…` : text
}

/** A copy of the beginning: what is cut off anyhow need not be looked at. */
function trimmed(value: Json | undefined, depth: number, budget: { left: number }): unknown {
  if (budget.left <= 0) return '…'
  if (typeof value === 'string') return trimmedText(value, depth, budget)
  budget.left -= 8
  if (typeof value !== 'object' || value === null) return value
  if (depth >= mostDepth) return '…'
  if (Array.isArray(value)) return value.slice(0, mostMembers).map((item: Json) => trimmed(item, depth + 1, budget))
  const members = Object.entries(value).slice(0, mostMembers)
  return Object.fromEntries(
    members.map(([name, member]) => [
      name.slice(0, 128),
      trimmed(member === undefined ? null : (member as Json), depth + 1, budget),
    ]),
  )
}

/** A text that is JSON itself stays one, but is looked through: what has the name of a credential in it has to go too. */
function trimmedText(text: string, depth: number, budget: { left: number }): string {
  budget.left -= 8
  const mayBeJson = /^\s*[[{"]/.test(text)
  if (mayBeJson && text.length > longestJson) return '…'
  const inner = mayBeJson ? parsed(text) : undefined
  if (inner !== undefined) return JSON.stringify(redact(trimmed(inner, depth + 1, budget)))
  const beginning = text.length > longestText ? text.slice(0, longestText) : text
  budget.left -= beginning.length
  return beginning
}

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
