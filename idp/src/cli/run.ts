import { Command, CommanderError, InvalidArgumentError } from 'commander'
import { exitCodes, Failure } from './failure.ts'
import type { Terminal } from './terminal.ts'

/**
 * Runs `postern <verb>` and gives its exit code; undefined while a server goes on running in this process.
 * Answers go to stdout, everything else to stderr.
 */
export async function run(argv: readonly string[], terminal: Terminal): Promise<number | undefined> {
  const outcome: { code: number | undefined } = { code: exitCodes.ok }
  const program = createProgram(terminal, outcome)
  try {
    await program.parseAsync(argv, { from: 'user' })
    return outcome.code
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
    if (!(error instanceof Failure)) throw error
    report(error, argv.includes('--json'), terminal)
    return exitCodes[error.kind]
  }
}

function report(failure: Failure, json: boolean, terminal: Terminal): void {
  if (json)
    terminal.out(
      JSON.stringify({ ok: false, kind: failure.kind, message: failure.message, ...failure.details }, null, 2),
    )
  else terminal.err(`postern: ${failure.message}`)
}

function createProgram(terminal: Terminal, outcome: { code: number | undefined }): Command {
  const program = new Command('postern')
    .description('Runs Postern, an identity provider and a gateway for MCP servers, and speaks to it.')
    .option('--json', 'answer as JSON, for programs')
    .option('--idp-url <url>', 'management API of the identity provider (POSTERN_IDP_URL, http://localhost:4700)')
    .option('--gateway-url <url>', 'management API of the gateway (POSTERN_GATEWAY_URL, http://localhost:4701)')
    .option('--admin-token <token>', 'its bearer (POSTERN_ADMIN_TOKEN, or the file admin-token in POSTERN_DATA_DIR)')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => terminal.out(text.trimEnd()),
      writeErr: (text) => terminal.err(text.trimEnd()),
    })
    .exitOverride()

  program
    .command('serve')
    .argument('[server]', 'idp or gateway: that one alone, in this process', oneOf(['idp', 'gateway']))
    .option('--https', 'with TLS, by a certificate authority of this machine (see POSTERN_TLS_CERT for your own)')
    .description('start both servers and print lines to paste')
    .action(async (which: 'idp' | 'gateway' | undefined, { https = false }: { https?: boolean }) => {
      const { serveBoth, serveOne } = await import('./serve.ts')
      outcome.code = which ? await serveOne(which, https) : await serveBoth(terminal, https)
    })

  program
    .command('token')
    .argument('<client>', 'client id')
    .option('--pool <id>', 'user pool of the client', 'default')
    .option('--resource <url>', 'what the token is for (the default resource)')
    .option(
      '--scope <scopes>',
      'scopes to ask for, separated by spaces; may be repeated (all that are granted)',
      wordList,
    )
    .option('--ttl <seconds>', 'lifetime', wholeNumber)
    .description('print an access token for a client (development)')
    .action(async (client: string, _options, command: Command) => {
      const { tokenVerb } = await import('./token.ts')
      await tokenVerb(client, command.optsWithGlobals(), terminal)
    })

  program
    .command('apply')
    .argument('<file>', 'seed file, YAML or JSON')
    .option('--prune', 'delete what the file does not name')
    .description('bring both servers to what a seed file says')
    .action(async (file: string, _options, command: Command) => {
      const { applyVerb } = await import('./apply.ts')
      await applyVerb(file, command.optsWithGlobals(), terminal)
    })

  program
    .command('export')
    .description('print what both servers hold as a seed file, secrets as hashes')
    .action(async (_options, command: Command) => {
      const { exportVerb } = await import('./export.ts')
      await exportVerb(command.optsWithGlobals(), terminal)
    })

  program
    .command('access')
    .argument('<service>', 'id of a service or toolset of the gateway')
    .description('print who may call which of its tools')
    .action(async (service: string, _options, command: Command) => {
      const { accessVerb } = await import('./access.ts')
      await accessVerb(service, command.optsWithGlobals(), terminal)
    })

  program
    .command('check')
    .argument('<file>', 'seed file, YAML or JSON')
    .description('look for mistakes in a seed file, without a server')
    .action(async (file: string, _options, command: Command) => {
      const { checkVerb } = await import('./check.ts')
      await checkVerb(file, command.optsWithGlobals(), terminal)
    })

  program
    .command('env')
    .option('--python', "the originals' Python SDKs, with a small sitecustomize.py")
    .option('--dir <folder>', 'where that is written (python in POSTERN_DATA_DIR)')
    .description(
      "print the environment that points the originals' SDKs at these servers; it holds the secret access key",
    )
    .action(async (_options, command: Command) => {
      const { envVerb } = await import('./env.ts')
      await envVerb(command.optsWithGlobals(), terminal)
    })

  return program
}

function oneOf<T extends string>(choices: readonly T[]): (text: string) => T {
  return (text) => {
    const choice = choices.find((one) => one === text)
    if (choice === undefined) throw new InvalidArgumentError(`Choose ${choices.join(' or ')}.`)
    return choice
  }
}

function wordList(text: string, before: readonly string[] = []): string[] {
  return [...before, ...text.split(' ').filter(Boolean)]
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('Give whole seconds, 1 or more.')
  return Number(text)
}
