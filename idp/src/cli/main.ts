import { run } from './run.ts'
import { processTerminal } from './terminal.ts'

const exitCode = await run(process.argv.slice(2), processTerminal())
if (exitCode !== undefined) process.exitCode = exitCode
