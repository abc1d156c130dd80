import { isJsonObject, type Json, type JsonObject } from '../json-rpc.ts'

// More members than this are of little use to a model before it has called.
const mostMembers = 32

const scalars: Readonly<Record<string, string>> = {
  string: 'string',
  number: 'number',
  integer: 'number',
  boolean: 'boolean',
}

/**
 * What a tool may promise of its answers: of an object with scalar members alone, the members and their kinds. Anything
 * may be missing or null, for documents are seldom exact and a client throws an answer away that breaks the promise.
 */
export function answerSchema(schema: JsonObject | undefined): JsonObject | undefined {
  if (schema === undefined || schema['type'] !== 'object') return undefined
  if (['allOf', 'anyOf', 'oneOf', 'additionalProperties'].some((name) => schema[name] !== undefined)) return undefined
  const { properties } = schema
  if (!isJsonObject(properties)) return undefined
  const members = Object.entries(properties).map(([name, one]) => [name, memberOf(one)] as const)
  if (members.length === 0 || members.length > mostMembers) return undefined
  if (members.some(([, member]) => member === undefined)) return undefined
  return { type: 'object', properties: Object.fromEntries(members) }
}

function memberOf(schema: Json | undefined): JsonObject | undefined {
  if (!isJsonObject(schema) || typeof schema['type'] !== 'string' || !Object.hasOwn(scalars, schema['type']))
    return undefined
  const { description } = schema
  const type = [scalars[schema['type']] ?? 'string', 'null']
  return { type, ...(typeof description === 'string' ? { description } : {}) }
}

/** Is the answer what was promised? */
export function isAsPromised(promised: JsonObject, answer: Json): boolean {
  const { properties } = promised
  if (!isJsonObject(answer) || !isJsonObject(properties)) return false
  return Object.entries(properties).every(([name, member]) => {
    const value = Object.hasOwn(answer, name) ? answer[name] : undefined
    const types = isJsonObject(member) ? member['type'] : undefined
    return value === undefined || value === null || (Array.isArray(types) && types.includes(typeof value))
  })
}
