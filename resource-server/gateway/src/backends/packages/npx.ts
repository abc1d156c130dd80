/** A package that `npx` was asked to run. */
export interface NpxCall {
  /** What npm would install: `name`, `name@version`, a folder, a tarball, a git URL. */
  readonly spec: string
  /** The program of the package that is wanted, when it was named (`npx -p pkg program`). */
  readonly program?: string
  /** What goes to the program. */
  readonly args: readonly string[]
}

const silent = new Set(['-y', '--yes', '-q', '--quiet', '--no-install', '--prefer-offline', '--prefer-online'])

/**
 * Reads the arguments of `npx [-y] package[@version] [args…]` and `npx [-y] -p package[@version] program [args…]`.
 * Undefined when they ask for more than that (`-c`, several packages, other options): then npx itself is run.
 */
export function parseNpx(args: readonly string[]): NpxCall | undefined {
  const rest = [...args]
  let wanted: string | undefined
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const named = packageOption(word, rest)
    if (named !== undefined && wanted !== undefined) return undefined
    wanted ??= named
    if (named === undefined && !silent.has(word)) return call(word, rest, wanted)
  }
  return undefined
}

function call(word: string, rest: readonly string[], wanted: string | undefined): NpxCall | undefined {
  const [first, ...args] = word === '--' ? rest : [word, ...rest]
  if (first === undefined || (word !== '--' && word.startsWith('-'))) return undefined
  return wanted === undefined ? { spec: first, args } : { spec: wanted, program: first, args }
}

/** The value of `-p x`, `--package x`, `--package=x`; takes it out of `rest` where it is a word of its own. */
function packageOption(word: string, rest: string[]): string | undefined {
  if (word === '-p' || word === '--package') return rest.shift()
  return word.startsWith('--package=') ? word.slice('--package='.length) : undefined
}

/** A registry spec's parts: `@scope/name@1.2.3`. Undefined for folders, tarballs, URLs and git. */
export function parseRegistrySpec(spec: string): { readonly name: string; readonly version?: string } | undefined {
  const match = /^((?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*)(?:@([^/:\s]+))?$/i.exec(spec)
  const [, name, version] = match ?? []
  if (name === undefined || /\.(?:tgz|tar|tar\.gz)$/i.test(spec)) return undefined
  return version === undefined ? { name } : { name, version }
}
