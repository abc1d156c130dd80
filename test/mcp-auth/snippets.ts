/*
 * The Node.js examples of MCP Auth's documentation on bearer authentication, with their comments in English; only the name of the
 * package is ours, and the configuration that they leave out is put in. `before` gives an example what it takes for granted.
 */

export interface Snippet {
  readonly name: string
  readonly before: string
  readonly text: string
  /** What the test takes out of the module. */
  readonly after: string
}

const config = `
const config = (globalThis as { mcpAuthConfig?: MCPAuthConfig }).mcpAuthConfig
if (config === undefined) throw new Error('no configuration')
`

const instance = `
import express from 'express'
import { MCPAuth, type MCPAuthConfig } from '@postern/resource-server/mcp-auth'
${config}
const mcpAuth = new MCPAuth(config)
`

const route = `
export const app = express()
app.use('/mcp', bearerAuth, (req, res) => void res.json(req.auth))
`

export const snippets: readonly Snippet[] = [
  {
    name: 'required-scopes',
    before: `import type { MCPAuthConfig } from '@postern/resource-server/mcp-auth'${config}`,
    text: `
import express from 'express';
import { MCPAuth } from '@postern/resource-server/mcp-auth';

const app = express();
const mcpAuth = new MCPAuth({
  ...config
});
const bearerAuth = mcpAuth.bearerAuth('jwt', { requiredScopes: ['read', 'write'] });

app.use('/mcp', bearerAuth, (req, res) => {
  // Now \`req.auth\` contains the auth info
  console.log(req.auth);
});
`,
    after: `
export { app }
`,
  },
  {
    name: 'audience',
    before: instance,
    text: `
const bearerAuth = mcpAuth.bearerAuth('jwt', {
  audience: 'https://api.example.com/mcp', // The expected audience of the JWT
  requiredScopes: ['read', 'write'],
});
`,
    after: route,
  },
  {
    name: 'options-of-jose',
    before: instance,
    text: `
const bearerAuth = mcpAuth.bearerAuth('jwt', {
  audience: 'https://api.example.com/mcp',
  requiredScopes: ['read', 'write'],
  jwtVerify: {
    clockTolerance: 60, // Allow 60 seconds of clock skew
  },
  remoteJwtSet: {
    timeoutDuration: 10 * 1000, // 10 seconds to fetch the remote JWT set
  },
});
`,
    after: route,
  },
  {
    name: 'custom',
    before: `${instance.replace('import { MCPAuth,', 'import { MCPAuth, MCPAuthJwtVerificationError,')}
import type { AuthInfo } from '@modelcontextprotocol/sdk/server/auth/types.js'

async function verifyToken(token: string): Promise<AuthInfo | undefined> {
  const expiresAt = Date.now() / 1000 + 60
  const scopes = token === 'poor' ? ['read'] : ['read', 'write']
  return token === 'unknown' ? undefined : { token, issuer: 'https://as.example', clientId: 'c', scopes, subject: 'user-1', expiresAt }
}
`,
    text: `
const bearerAuth = mcpAuth.bearerAuth(
  async (token) => {
    // Your own way of verifying the token
    const info = await verifyToken(token);
    if (!info) {
      throw new MCPAuthJwtVerificationError('jwt_verification_failed');
    }
    return info; // Returns the auth info
  },
  { requiredScopes: ['read', 'write'] }
);
`,
    after: route,
  },
  {
    name: 'whole-app',
    before: `${instance}`,
    text: `
const app = express();
app.use(mcpAuth.bearerAuth('jwt', { requiredScopes: ['read', 'write'] }));
`,
    after: `
app.use('/mcp', (req, res) => void res.json(req.auth))
export { app }
`,
  },
]

/** The example of a tool. Its types are the business of the SDK, where `authInfo` may be absent and a result has content. */
export const tool: Snippet = {
  name: 'tool',
  before: `
${instance}
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'

function serve(server: McpServer) {
`,
  text: `
// \`authInfo\` comes from the \`req.auth\` object
server.tool('whoami', ({ authInfo }) => {
  console.log(\`Authenticated user: \${authInfo.subject}\`);
  return { subject: authInfo.subject };
});
`,
  after: `
}
export const app = express()
app.use('/mcp', mcpAuth.bearerAuth('jwt', { requiredScopes: ['read', 'write'] }), async (req, res) => {
  const server = new McpServer({ name: 'test', version: '1' })
  serve(server)
  const transport = new StreamableHTTPServerTransport({ enableJsonResponse: true })
  await server.connect(transport)
  await transport.handleRequest(req, res)
})
`,
}

/** The same with what the SDK's types ask for. */
export const typedTool: Snippet = {
  ...tool,
  name: 'typed-tool',
  text: tool.text
    .replaceAll('authInfo.subject', 'authInfo?.subject')
    .replace('return { subject', 'return { content: [], subject'),
}

export function moduleOf({ before, text, after }: Snippet): string {
  return before + text + after
}
