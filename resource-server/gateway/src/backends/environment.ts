import { DEFAULT_INHERITED_ENV_VARS } from '@modelcontextprotocol/client/stdio'

type Environment = Readonly<Record<string, string | undefined>>

/**
 * The environment of a backend's process: the MCP SDK's short allow-list, a HOME of its own, then the service's own
 * variables, which win. Nothing else of the gateway's environment, so none of its secrets, is ever passed on.
 */
export function childEnvironment(
  home: string,
  own: Readonly<Record<string, string>> = {},
  source: Environment = process.env,
): Record<string, string> {
  const homes = process.platform === 'win32' ? { HOME: home, USERPROFILE: home } : { HOME: home }
  return { ...pick(source, DEFAULT_INHERITED_ENV_VARS), ...homes, ...own }
}

const installerExtras = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE']

/** The environment of the package installer: the same list with the gateway's own HOME, npm's settings and the proxies. */
export function installerEnvironment(source: Environment = process.env): Record<string, string> {
  const wanted = Object.keys(source).filter(
    (name) => installerExtras.includes(name.toUpperCase()) || /^npm_config_/i.test(name),
  )
  return pick(source, [...DEFAULT_INHERITED_ENV_VARS, ...wanted])
}

function pick(source: Environment, names: readonly string[]): Record<string, string> {
  const picked: Record<string, string> = {}
  for (const name of names) {
    const value = source[name]
    // A value that starts with () is an exported shell function.
    if (value !== undefined && !value.startsWith('()')) picked[name] = value
  }
  return picked
}
