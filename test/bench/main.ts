import { writeReport } from './report.ts'

/** What a case measured: a line for the report, and whether it reached what it must. */
export interface Finding {
  readonly what: string
  readonly measured: string
  readonly wanted: string
  readonly reached: boolean
  readonly how: string
}

export type Case = () => Promise<Finding>

const cases: Record<string, () => Promise<{ run: Case }>> = {
  tokens: () => import('./cases/tokens.ts'),
  'guard-express': async () => ({ run: (await import('./cases/guard.ts')).onExpress }),
  'guard-node': async () => ({ run: (await import('./cases/guard.ts')).onNode }),
  'cold-es256-mcp-auth': async () => ({ run: (await import('./cases/cold.ts')).cold('ES256', 'mcp-auth') }),
  'cold-es256-sdk': async () => ({ run: (await import('./cases/cold.ts')).cold('ES256', 'sdk') }),
  'cold-rs256-mcp-auth': async () => ({ run: (await import('./cases/cold.ts')).cold('RS256', 'mcp-auth') }),
  'cold-rs256-sdk': async () => ({ run: (await import('./cases/cold.ts')).cold('RS256', 'sdk') }),
  'bad-tokens': () => import('./cases/bad-tokens.ts'),
  'unknown-keys': () => import('./cases/unknown-keys.ts'),
  start: () => import('./cases/start.ts'),
  pools: () => import('./cases/pools.ts'),
  'gateway-stdio': async () => ({ run: (await import('./cases/gateway.ts')).inSessions }),
  'gateway-stdio-one': async () => ({ run: (await import('./cases/gateway.ts')).inOneSession }),
  'gateway-idle': () => import('./cases/idle.ts'),
}

const asked = process.argv.slice(2)
const unknown = asked.filter((name) => !(name in cases))
if (unknown.length > 0) {
  console.error(`no such case: ${unknown.join(', ')}; there are ${Object.keys(cases).join(', ')}`)
  process.exit(2)
}
const findings: Finding[] = []
for (const [name, load] of Object.entries(cases)) {
  if (asked.length > 0 && !asked.includes(name)) continue
  const { run } = await load()
  const finding = await run()
  findings.push(finding)
  console.log(
    `${finding.reached ? 'reached' : 'MISSED '}  ${finding.what}: ${finding.measured} (wanted ${finding.wanted})`,
  )
}
if (asked.length === 0) await writeReport(findings)
