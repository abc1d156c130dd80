import { Failure } from './failure.ts'
import { callServer, isRecord } from './rest.ts'
import { findServers, type Server, type ServerOptions } from './servers.ts'
import { formatTable } from './table.ts'
import { type Terminal, withProgress } from './terminal.ts'

interface Cell {
  readonly tool: string
  readonly text: string
}

interface Caller {
  readonly title: string
  readonly cells: readonly Cell[]
}

/** `postern access`: which callers may call which tools of a service or toolset. */
export async function accessVerb(
  serviceId: string,
  options: ServerOptions & { readonly json?: boolean },
  terminal: Terminal,
): Promise<void> {
  const { gateway } = await findServers(options, terminal.env)
  const asked = askFor(gateway, serviceId, terminal.env)
  const matrix = await withProgress(terminal, `Asking ${gateway.url} for the tools of ${serviceId}`, asked)
  if (options.json) return terminal.out(JSON.stringify(matrix, null, 2))
  terminal.out(render(matrix, gateway))
  for (const warning of textsIn(matrix['warnings'])) terminal.err(`postern: ${warning}`)
}

/** A service, or else the toolset of that id. */
async function askFor(gateway: Server, serviceId: string, env: Terminal['env']): Promise<Record<string, unknown>> {
  const ask = (kind: string) =>
    callServer(gateway, { method: 'GET', path: `/mcp-${kind}/${encodeURIComponent(serviceId)}/access` }, env)
  const answer = await ask('services').catch(async (error: unknown) => {
    if (!(error instanceof Failure) || error.details['status'] !== 404) throw error
    // What is neither is told as a service: the mend that it names is one of these.
    return await ask('toolsets').catch(() => Promise.reject(error))
  })
  if (isRecord(answer)) return answer
  throw new Failure('failed', `${gateway.url} answered without a matrix; is it the same version of Postern?`)
}

function render(matrix: Readonly<Record<string, unknown>>, gateway: Server): string {
  const callers = (Array.isArray(matrix['callers']) ? matrix['callers'] : []).filter(isRecord).map(callerOf)
  const tools = textsIn(matrix['tools'])
  const lines = [headingOf(matrix)]
  if (tools.length === 0) lines.push('It has no tools.')
  else if (callers.length === 0) lines.push(`Nobody is let in yet: make an API key at ${gateway.url}/api/v1.`)
  else for (const part of parts(callers, tools)) lines.push('', tableOf(part, tools))
  return lines.join('\n')
}

function headingOf({ serviceId, mode, limits }: Readonly<Record<string, unknown>>): string {
  const { requestsPerMinute, concurrent } = isRecord(limits) ? limits : {}
  const facts = [
    mode === 'dryRun' ? 'dry run: nothing is refused' : 'enforced',
    ...(requestsPerMinute === undefined ? [] : [`${String(requestsPerMinute)} requests a minute`]),
    ...(concurrent === undefined ? [] : [`${String(concurrent)} at once`]),
  ]
  return `${String(serviceId)} (${facts.join(', ')})`
}

const titles: Readonly<Record<string, string>> = { apiKey: 'key', client: 'client', group: 'group', token: 'token' }

function callerOf({ kind, name, tools }: Readonly<Record<string, unknown>>): Caller {
  const cells = (Array.isArray(tools) ? tools : []).filter(isRecord)
  return {
    title: `${titles[String(kind)] ?? String(kind)} ${String(name)}`,
    cells: cells.map(({ tool, allowed, anyOf }) => ({ tool: plain(tool), text: cellText(String(allowed), anyOf) })),
  }
}

function cellText(allowed: string, anyOf: unknown): string {
  if (allowed !== 'needs' || !Array.isArray(anyOf)) return allowed
  return `needs ${anyOf.filter(isRecord).map(needsText).join(' or ')}`
}

function needsText({ scopes, clients, groups, claims }: Readonly<Record<string, unknown>>): string {
  const parts = [
    ...(scopes === undefined ? [] : [`scopes ${textsIn(scopes).join(' ')}`]),
    ...(clients === undefined ? [] : [`client ${textsIn(clients).join('/')}`]),
    ...(groups === undefined ? [] : [`group ${textsIn(groups).join('/')}`]),
    ...(isRecord(claims) ? [`claim ${Object.keys(claims).join(', ')}`] : []),
  ]
  return parts.join(' and ')
}

const widest = 120

/** As many callers side by side as people can read. */
function parts(callers: readonly Caller[], tools: readonly string[]): Caller[][] {
  const toolWidth = Math.max(4, ...tools.map((tool) => tool.length))
  const all: Caller[][] = []
  let width = Number.POSITIVE_INFINITY
  for (const caller of callers) {
    const own = 2 + Math.max(caller.title.length, ...caller.cells.map(({ text }) => text.length))
    if (width + own > widest) {
      all.push([])
      width = toolWidth
    }
    all.at(-1)?.push(caller)
    width += own
  }
  return all
}

function tableOf(callers: readonly Caller[], tools: readonly string[]): string {
  const columns = ['tool', ...callers.map(({ title }) => title)]
  const rows = tools.map((tool) => {
    const cells = callers.map(({ title, cells }) => [title, cells.find((cell) => cell.tool === tool)?.text ?? ''])
    return Object.fromEntries([['tool', tool], ...cells])
  })
  // Names as they are: it is so that they are compared.
  return formatTable(columns, rows, (column) => (column === 'tool' ? 'TOOL' : column))
}

function textsIn(value: unknown): string[] {
  return Array.isArray(value) ? value.map(plain) : []
}

/** Names of tools are the backend's: what they do to a terminal is not to be found out. */
function plain(value: unknown): string {
  return String(value).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '�')
}
