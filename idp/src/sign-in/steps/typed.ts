import { limits } from '../../limits.ts'
import type { Fields } from '../visit.ts'

/** A name to sign in with, as somebody typed it: without the space around it, and a phone number as it is stored. */
export function typedName(fields: Fields, field: string): string {
  const text = (fields[field] ?? '').trim().slice(0, limits.signInName)
  return /^\+[\d\s().-]+$/.test(text) ? `+${text.replace(/\D/g, '')}` : text
}

/** A code as somebody typed or pasted it. */
export function typedCode(fields: Fields): string {
  return (fields['code'] ?? '').replace(/[\s-]/g, '').slice(0, limits.codeSent)
}
