import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Settings } from '@postern/server'
import { adminTokenFile, dataFolder } from './servers.ts'
import type { Terminal } from './terminal.ts'

/** What a newcomer reads when both servers answer: where they are, and lines to paste. No secret is among them. */
export function banner(settings: { idp: Settings; gateway: Settings }, startMs: number, env: Terminal['env']): string {
  const { idp, gateway } = settings
  const secretFile = join(dataFolder(env), 'demo-secret')
  const demo = idp.config === undefined && existsSync(secretFile)
  return [
    `Postern is ready (${(startMs / 1000).toFixed(1)} s). Ctrl-C stops it.`,
    '',
    `  identity provider  ${idp.publicUrl}`,
    `  gateway            ${gateway.publicUrl}`,
    `  admin token        ${env['POSTERN_ADMIN_TOKEN'] ? 'POSTERN_ADMIN_TOKEN' : adminTokenFile(env)}`,
    ...(demo ? demoLines(`${idp.publicUrl}/pools/default`, `${gateway.publicUrl}/mcp`, secretFile) : []),
    '',
  ].join('\n')
}

function demoLines(issuer: string, endpoint: string, secretFile: string): string[] {
  const servers = {
    mcpServers: { everyday: { type: 'http', url: endpoint, headers: { Authorization: `Bearer \${TOKEN}` } } },
  }
  const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'whoami', arguments: {} } }
  return [
    `  discovery          ${issuer}/.well-known/openid-configuration`,
    '',
    'In another terminal, in this folder: get a token and call a tool of the protected MCP server with it.',
    '',
    `  export TOKEN=$(curl -s -u "demo:$(cat ${secretFile})" -d grant_type=client_credentials ${issuer}/token \\`,
    `    | node -pe 'JSON.parse(fs.readFileSync(0)).access_token')`,
    '',
    `  curl -sw '\\n' ${endpoint} -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \\`,
    `    -H 'Accept: application/json, text/event-stream' -d '${JSON.stringify(call)}'`,
    '',
    'The same server in an MCP client (a file with mcpServers, or Claude Code):',
    '',
    ...JSON.stringify(servers, null, 2)
      .split('\n')
      .map((line) => `  ${line}`),
    '',
    `  claude mcp add --transport http everyday ${endpoint} --header "Authorization: Bearer $TOKEN"`,
  ]
}
