import { existsSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { localAuthorityOf, localTlsFiles, type Settings } from '@postern/server'
import { adminTokenFile, dataFolder } from './servers.ts'
import type { Terminal } from './terminal.ts'
import type { UnattendedApproval, UnattendedApprovals } from './unattended.ts'

/** What a newcomer reads when both servers answer: where they are, and lines to paste. No secret is among them. */
export function banner(
  settings: { idp: Settings; gateway: Settings },
  startMs: number,
  env: Terminal['env'],
  unattended: UnattendedApprovals = { found: [], isComplete: true },
): string {
  const { idp, gateway } = settings
  const authority = localAuthorityOf(idp) && localTlsFiles(dataFolder(env)).authority
  const secretFile = join(dataFolder(env), 'demo-secret')
  const passwordFile = join(dataFolder(env), 'demo-password')
  const issuer = `${idp.publicUrl}/pools/default`
  const demo = idp.config === undefined && existsSync(secretFile)
  return [
    `Postern is ready (${(startMs / 1000).toFixed(1)} s). Ctrl-C stops it.`,
    '',
    `  identity provider  ${idp.publicUrl}`,
    `  gateway            ${gateway.publicUrl}`,
    `  admin token        ${env['POSTERN_ADMIN_TOKEN'] ? 'POSTERN_ADMIN_TOKEN' : adminTokenFile(env)}`,
    ...(authority ? [`  authority          ${authority}`] : []),
    ...(demo ? discoveryLine(issuer) : []),
    ...warningLines(unattended),
    ...(authority ? trustLines(authority) : []),
    ...(demo ? machineLines(issuer, `${gateway.publicUrl}/mcp`, secretFile, authority) : []),
    ...(demo ? clientLines(`${gateway.publicUrl}/mcp`, existsSync(passwordFile) ? passwordFile : undefined) : []),
    '',
  ].join('\n')
}

/** Loud, however many there are: the first of them, and how many more. */
function warningLines({ found, isComplete }: UnattendedApprovals): string[] {
  const lines = found.slice(0, shownApprovals).map(warningLine)
  const more = found.length - lines.length
  if (more > 0) lines.push(`  WARNING: so do ${more} more; look for unattendedUser in pools and clients.`)
  if (!isComplete) lines.push('  WARNING: not every pool and client could be looked at for unattendedUser.')
  return lines.length === 0 ? [] : ['', ...lines]
}

const shownApprovals = 10

function warningLine({ poolId, clientId, user }: UnattendedApproval): string {
  const who = clientId === undefined ? `pool ${poolId}` : `client ${clientId} of pool ${poolId}`
  return `  WARNING: ${who} approves every sign-in by itself as ${user}, without a password (unattendedUser).`
}

function discoveryLine(issuer: string): string[] {
  return [`  discovery          ${issuer}/.well-known/openid-configuration`]
}

/** What a program of Node needs in its environment, wherever it runs. */
function trustLines(authority: string): string[] {
  const path = isAbsolute(authority) ? authority : `"$PWD/${authority}"`
  return [
    '',
    'The authority is of this data folder alone. Programs of Node (MCP clients, your own server) trust it with:',
    '',
    `  export NODE_EXTRA_CA_CERTS=${path}`,
  ]
}

function machineLines(issuer: string, endpoint: string, secretFile: string, authority: string | undefined): string[] {
  const trusting = authority === undefined ? '' : ` --cacert ${authority}`
  const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'whoami', arguments: {} } }
  return [
    '',
    'In another terminal, in this folder: get a token and call a tool of the protected MCP server with it.',
    '',
    `  export TOKEN=$(curl -s${trusting} -u "demo:$(cat ${secretFile})" -d grant_type=client_credentials ${issuer}/token \\`,
    `    | node -pe 'JSON.parse(fs.readFileSync(0)).access_token')`,
    '',
    `  curl -sw '\\n'${trusting} ${endpoint} -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \\`,
    `    -H 'Accept: application/json, text/event-stream' -d '${JSON.stringify(call)}'`,
  ]
}

/** The same server in clients that open a browser; they register themselves. */
function clientLines(endpoint: string, passwordFile: string | undefined): string[] {
  const servers = { mcpServers: { everyday: { type: 'http', url: endpoint } } }
  const who = passwordFile === undefined ? '.' : `: sign in as demo, with the password in ${passwordFile}`
  return [
    '',
    `An MCP client needs no token, it opens a browser${who}`,
    'In a file with mcpServers, or for Claude Code:',
    '',
    ...JSON.stringify(servers, null, 2)
      .split('\n')
      .map((line) => `  ${line}`),
    '',
    `  claude mcp add --transport http everyday ${endpoint}`,
  ]
}
