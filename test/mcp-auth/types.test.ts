import assert from 'node:assert/strict'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { diagnosticsOf } from './compile.ts'

const root = join(import.meta.dirname, '..', '..')

const ours = "import { MCPAuth } from '@postern/resource-server/mcp-auth'"
const express = "import express from 'express'\nconst app = express()"
const readsSubject = 'app.get("/a", (req) => { const subject: string | undefined = req.auth?.subject; return subject })'
const readsPayload = 'app.get("/b", (req) => { const sub: string | undefined = req.auth?.payload.sub; return sub })'
const usesOurs = `
const mcpAuth = new MCPAuth({ server: { issuer: 'https://as.example', type: 'oidc' } })
app.use(mcpAuth.delegatedRouter(), mcpAuth.bearerAuth('jwt'))
`
const usesTheirs = `
const theirs = new TheirMCPAuth({ server: { issuer: 'https://as.example', type: 'oidc' } })
app.use(theirs.delegatedRouter(), theirs.bearerAuth('jwt'))
`
const mcpAuth = "import { MCPAuth as TheirMCPAuth } from 'mcp-auth'"
const jwtBearer = "import { auth } from 'express-oauth2-jwt-bearer'"
const usesJwtBearer = "app.use(auth({ issuerBaseURL: 'https://as.example', audience: 'https://mcp.example' }))"
const sdkGate = "import { requireBearerAuth } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js'"
const sdkV2 = "import { mcpAuthMetadataRouter } from '@modelcontextprotocol/express'\nexport { mcpAuthMetadataRouter }"
const tool = `
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
new McpServer({ name: 'a', version: '1' }).registerTool('whoami', {}, ({ authInfo }) => {
  const subject: string | undefined = authInfo?.subject
  return { content: [{ type: 'text', text: subject ?? '' }] }
})
`

/** Programs that a strict compiler must take as they are. */
const programs: Readonly<Record<string, readonly string[]>> = {
  alone: [ours, express, usesOurs, readsSubject],
  'a-tool': [ours, tool],
  'with-mcp-auth': [ours, mcpAuth, express, usesOurs, usesTheirs, readsSubject],
  'after-mcp-auth': [mcpAuth, ours, express, usesOurs, usesTheirs, readsSubject],
  'with-express-oauth2-jwt-bearer': [ours, jwtBearer, express, usesOurs, usesJwtBearer, readsSubject, readsPayload],
  'after-express-oauth2-jwt-bearer': [jwtBearer, ours, express, usesOurs, usesJwtBearer, readsSubject, readsPayload],
  'with-the-gate-of-the-sdk': [ours, sdkGate, express, usesOurs, 'export { requireBearerAuth }', readsSubject],
  'with-sdk-v2': [ours, sdkV2, express, usesOurs],
}

describe('the types of mcp-auth/ agree with those of others', () => {
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'postern-mcp-auth-types-'))
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
    await writeFile(join(folder, 'package.json'), '{"type":"module"}')
    for (const [name, lines] of Object.entries(programs)) await writeFile(join(folder, `${name}.ts`), lines.join('\n'))
  })
  after(() => rm(folder, { recursive: true }))

  for (const name of Object.keys(programs)) {
    test(name, async () => assert.deepEqual(await diagnosticsOf(folder, [`${name}.ts`]), []))
  }
})
