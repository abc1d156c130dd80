import { z } from 'zod'
import { problemReply } from '../contract/problem.ts'
import type { Route } from './route.ts'

export interface OpenApiInfo {
  title: string
  version: string
}

type Json = Record<string, unknown>

/** The OpenAPI 3.1 document of the management API, made from its routes. */
export function openApiDocument(info: OpenApiInfo, routes: readonly Route[]): Json {
  const components: Json = {}
  const paths: Record<string, Json> = {}
  for (const route of routes) {
    const path = route.path.replace(/:([^/]+)/g, '{$1}')
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route, components) }
  }
  const problem = schemaOf(problemReply, 'output', components)
  return {
    openapi: '3.1.0',
    info,
    servers: [{ url: '/api/v1' }],
    security: [{ adminToken: [] }],
    paths,
    components: {
      schemas: components,
      securitySchemes: { adminToken: { type: 'http', scheme: 'bearer' } },
      responses: {
        Problem: { description: 'A refusal', content: { 'application/problem+json': { schema: problem } } },
      },
    },
  }
}

function operation(route: Route, components: Json): Json {
  const parameters = [...pathParameters(route), ...queryParameters(route)]
  return {
    operationId: operationId(route),
    summary: route.summary,
    ...(route.tag === undefined ? {} : { tags: [route.tag] }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(route.body === undefined ? {} : { requestBody: { content: jsonContent(route.body, 'input', components) } }),
    responses: { [route.reply.status]: reply(route, components), default: { $ref: '#/components/responses/Problem' } },
  }
}

function operationId({ method, path }: Route): string {
  const words = path.split('/').flatMap((segment) => segment.replace(/^:/, 'by-').split('-'))
  return method.toLowerCase() + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('')
}

function pathParameters(route: Route): Json[] {
  return [...route.path.matchAll(/:([^/]+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }))
}

function queryParameters(route: Route): Json[] {
  if (route.query === undefined) return []
  const { properties = {} } = toJson(route.query, 'input')
  return Object.entries(properties).map(([name, schema]) => ({ name, in: 'query', schema }))
}

function reply(route: Route, components: Json): Json {
  const { schema, mediaTypes = [] } = route.reply
  const others = Object.fromEntries(mediaTypes.map((type) => [type, { schema: { type: 'string' } }]))
  if (schema === undefined && mediaTypes.length === 0) return { description: 'Done' }
  const content = schema === undefined ? others : { ...jsonContent(schema, 'output', components), ...others }
  return { description: route.summary, content }
}

function jsonContent(schema: z.ZodType, io: 'input' | 'output', components: Json): Json {
  return { 'application/json': { schema: schemaOf(schema, io, components) } }
}

/** The JSON Schema of a zod schema; parts with an `id` become shared components. */
function schemaOf(schema: z.ZodType, io: 'input' | 'output', components: Json): Json {
  const { $schema: _, $defs = {}, id, ...json } = relink(toJson(schema, io))
  for (const [name, part] of Object.entries($defs)) components[name] = withoutId(part)
  if (typeof id !== 'string') return json
  components[id] = json
  return { $ref: `#/components/schemas/${id}` }
}

function withoutId(part: unknown): unknown {
  if (typeof part !== 'object' || part === null) return part
  const { id: _, ...rest } = { id: undefined, ...part }
  return rest
}

function toJson(schema: z.ZodType, io: 'input' | 'output') {
  return z.toJSONSchema(schema, { io, unrepresentable: 'any' })
}

function relink<T>(schema: T): T {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/$defs/', '"#/components/schemas/'))
}
