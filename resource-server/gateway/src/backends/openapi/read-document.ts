import { JsonProblem, parseJson } from '@postern/core'
import { isJsonObject, type JsonObject } from '../json-rpc.ts'
import { printable } from '../text.ts'
import { BackendError, type BackendLimits, type OpenapiBackend } from '../types.ts'
import { below, documentFault } from './fault.ts'
import { readYaml } from './read-yaml.ts'
import { fromSwagger } from './swagger.ts'

/**
 * Reads a document that is given as an object, as JSON or YAML, or as either in base64. It is bounded in size, depth and
 * number of values (what aliases repeat is counted each time). Swagger 2.0 is turned into what OpenAPI 3 says for it.
 * @throws BackendError with a sentence that names the place and the mend
 */
export async function readDocument(document: OpenapiBackend['document'], limits: BackendLimits): Promise<JsonObject> {
  return checkDocument(typeof document === 'string' ? await parse(decoded(document, limits), limits) : document, limits)
}

/**
 * The same for a document that is read already.
 * @throws BackendError
 */
export function checkDocument(value: unknown, limits: BackendLimits): JsonObject {
  if (!isJsonObject(value)) throw documentFault('', 'it is no object; give the whole document')
  checkShape(value, limits)
  const { openapi, swagger } = value
  if (swagger !== undefined && Number(swagger) === 2) return fromSwagger(value)
  if (/^3(\.\d+)*$/.test(String(openapi))) return value
  throw documentFault(
    '/openapi',
    'the version is not known here; give a document of OpenAPI 3.0 or 3.1, or of Swagger 2.0',
  )
}

function decoded(text: string, limits: BackendLimits): string {
  const isBase64 = /^[A-Za-z0-9+/_=\s-]+$/.test(text)
  // Nothing of a text that is far too long is decoded.
  checkSize(isBase64 ? Math.floor((text.replace(/\s/g, '').length * 3) / 4) - 2 : text.length, limits)
  const plain = isBase64 ? Buffer.from(text, 'base64').toString('utf8') : text
  checkSize(Buffer.byteLength(plain), limits)
  return plain.replace(/^\uFEFF/, '')
}

function checkSize(bytes: number, { openapiDocumentBytes: most }: BackendLimits): void {
  if (bytes <= most) return
  const mib = (size: number) => (size / 1024 / 1024).toFixed(1)
  throw documentFault(
    '',
    `it has ${mib(bytes)} MiB, and ${mib(most)} MiB are read; leave out the paths that nobody needs`,
  )
}

async function parse(text: string, limits: BackendLimits): Promise<unknown> {
  if (!text.trimStart().startsWith('{')) return await readYaml(text, limits)
  try {
    return parseJson(text, { maxBytes: limits.openapiDocumentBytes, maxDepth: limits.openapiDepth })
  } catch (error) {
    // A YAML document may begin with a brace, too.
    if (error instanceof JsonProblem && error.code === 'syntax') return await readYaml(text, limits)
    const reason = error instanceof Error ? error.message : 'it is no JSON'
    throw documentFault('', printable(reason, limits.quotedLength))
  }
}

/** Depth and number of values are counted over what the document says in full. */
function checkShape(document: JsonObject, { openapiDepth, openapiValues }: BackendLimits): void {
  let values = 0
  const look = (value: unknown, pointer: () => string, depth: number): void => {
    values += 1
    if (values > openapiValues) {
      throw new BackendError(
        'failed',
        `its OpenAPI document has more than ${openapiValues} values; leave out the paths that nobody needs`,
      )
    }
    if (typeof value !== 'object' || value === null) return
    if (depth >= openapiDepth) {
      throw documentFault(pointer().slice(0, 200), `it is nested deeper than ${openapiDepth} levels; use $ref instead`)
    }
    for (const [name, member] of Object.entries(value)) look(member, () => below(pointer(), name), depth + 1)
  }
  look(document, () => '', 0)
}
