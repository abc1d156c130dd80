import { open } from 'node:fs/promises'
import { type Document, LineCounter, parseAllDocuments } from 'yaml'
import { type PathStep, parsePath } from '../../contract/paths.ts'
import { type Seed, seed } from '../../contract/seed.ts'
import { type FieldError, type Validation, validate } from '../../contract/validate.ts'
import { limits } from '../../limits.ts'
import { errorCode, errorText, StartError } from '../../start-error.ts'
import type { Environment } from '../variables.ts'
import { crossChecks } from './cross-checks.ts'
import { SeedError, type SeedIssue } from './seed-error.ts'
import { readValues, type YamlValues } from './yaml-values.ts'

/** Where the fields of loaded seeds stand. */
const origins = new WeakMap<Seed, { file: string; values: YamlValues }>()

/**
 * Reads a seed file, YAML or JSON: puts variables in, checks all of it.
 *
 * @throws SeedError with file, line, column and field of every mistake; StartError when the file cannot be read
 */
export async function loadSeed(file: string, env: Environment): Promise<Seed> {
  return parseSeed(await readText(file), file, env)
}

/** As {@link loadSeed}, of a text that is already there; `file` is what mistakes name. */
export function parseSeed(text: string, file: string, env: Environment): Seed {
  const lines = new LineCounter()
  const values = readValues(parseOne(text, file, lines), lines, env)
  if (values.mistakes.length > 0) throw new SeedError(values.mistakes.map((mistake) => ({ file, ...mistake })))
  const result = check(values)
  if (!result.ok) throw new SeedError(result.errors.map((error) => asIssue(error, file, values)))
  origins.set(result.value, { file, values })
  return result.value
}

/**
 * Turns what a server finds wrong with a part of a loaded seed when it applies it into mistakes with lines.
 *
 * @param errors their fields start at the seed's root: `pools[0].clients[1].resources[0]`
 */
export function seedError(loaded: Seed, errors: readonly FieldError[]): SeedError {
  const origin = origins.get(loaded)
  return new SeedError(
    errors.map((error) =>
      origin === undefined
        ? { file: 'seed', line: 1, column: 1, field: error.field, message: error.message }
        : asIssue(error, origin.file, origin.values),
    ),
  )
}

async function readText(file: string): Promise<string> {
  try {
    const handle = await open(file, 'r')
    try {
      // One byte more than allowed tells a file that is too large, whatever its size claims to be.
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(limits.seedBytes + 1), 0, limits.seedBytes + 1, 0)
      if (bytesRead > limits.seedBytes) {
        throw new StartError(
          'seed',
          `the seed file ${file} is larger than ${limits.seedBytes} bytes; split it, and apply the parts one after the other`,
        )
      }
      return new TextDecoder('utf-8', { fatal: true }).decode(buffer.subarray(0, bytesRead))
    } finally {
      await handle.close()
    }
  } catch (error) {
    if (error instanceof StartError) throw error
    if (error instanceof TypeError)
      throw new StartError('seed', `the seed file ${file} is not in UTF-8; save it so`, { cause: error })
    const reason = errorCode(error) || errorText(error)
    throw new StartError(
      'seed',
      `the seed file ${file} cannot be read (${reason}); correct its path, at start POSTERN_CONFIG`,
      {
        cause: error,
      },
    )
  }
}

function parseOne(text: string, file: string, lineCounter: LineCounter): Document {
  const documents = parseAllDocuments(text, {
    lineCounter,
    version: '1.2',
    schema: 'core',
    merge: false,
    uniqueKeys: true,
    strict: true,
    prettyErrors: false,
    intAsBigInt: false,
    logLevel: 'silent',
  })
  const all = Array.isArray(documents) ? documents : []
  const issues = all
    .flatMap((document) => [...document.errors, ...document.warnings])
    .map((error): SeedIssue => {
      const { line, col } = lineCounter.linePos(error.pos[0])
      return { file, line, column: col, field: '', message: `is no YAML here: ${error.message}` }
    })
  if (issues.length > 0) throw new SeedError(issues)
  const [first, second] = all
  if (first === undefined)
    throw new SeedError([{ file, line: 1, column: 1, field: '', message: 'is empty; begin with version: 1' }])
  if (second !== undefined) {
    const { line, col } = lineCounter.linePos(second.range[0])
    throw new SeedError([
      { file, line, column: col, field: '', message: 'a seed is one document; remove the "---" and what follows' },
    ])
  }
  return first
}

function check(values: YamlValues): Validation<Seed> {
  const first = validate(seed, values.value)
  const result = first.ok || !convert(values, first.errors) ? first : validate(seed, values.value)
  if (!result.ok) return result
  const errors = crossChecks(result.value)
  return errors.length === 0 ? result : { ok: false, errors }
}

/**
 * A variable's text becomes a number or a boolean where, and only where, the field wants one: which field it is decides,
 * not what the text looks like, so that a secret of digits stays a text.
 */
function convert(values: YamlValues, errors: readonly FieldError[]): boolean {
  let converted = false
  for (const { field, message } of errors) {
    if (!values.substituted.has(field)) continue
    const wanted = /^must be (?:a whole number|a number|a boolean), not a string$/.exec(message)?.[0]
    if (wanted !== undefined && replaceText(values.value, parsePath(field), wanted.includes('boolean')))
      converted = true
  }
  return converted
}

function replaceText(root: unknown, path: readonly PathStep[], isBoolean: boolean): boolean {
  let holder: unknown = root
  for (const step of path.slice(0, -1)) holder = Reflect.get(Object(holder), step)
  const last = path.at(-1)
  if (last === undefined || typeof holder !== 'object' || holder === null) return false
  const text: unknown = Reflect.get(holder, last)
  if (typeof text !== 'string') return false
  if (isBoolean) return (text === 'true' || text === 'false') && Reflect.set(holder, last, text === 'true')
  return /^-?\d{1,15}(\.\d{1,15})?$/.test(text) && Reflect.set(holder, last, Number(text))
}

function asIssue({ field, message }: FieldError, file: string, values: YamlValues): SeedIssue {
  return { file, ...values.placeOf(parsePath(field)), field, message }
}
