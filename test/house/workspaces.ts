/** A room of a workspace: a file or a folder under its `src`, named without a trailing slash. */
export type Room = string

/** The floors of a workspace from the top down. Each is a list of rooms; an import may only go down or stay in its room. */
export interface Floor {
  readonly name: string
  readonly rooms: readonly Room[]
  /** Pairs `from > to` of rooms of this floor between which an import is right all the same. */
  readonly within?: readonly string[] | 'any'
}

export interface Workspace {
  readonly folder: string
  readonly name: string
  /** The workspaces it may import, by package name. */
  readonly arrows: readonly string[]
  /** Packages from a registry that its sources (not its tests) may import; `undefined`: whatever its package.json declares. */
  readonly packages?: readonly string[]
  /** Where `node:` modules may be imported; `undefined`: everywhere. A name ending in `/` is a folder. */
  readonly nodeOnlyIn?: readonly string[]
  readonly floors?: readonly Floor[]
  /** Rooms that reach the rest of their workspace over the network alone. */
  readonly apart?: readonly Room[]
}

/** The table of the house: who may import whom. */
export const workspaces: readonly Workspace[] = [
  {
    folder: 'shared/core',
    name: '@postern/core',
    arrows: [],
    packages: [],
    nodeOnlyIn: ['src/digest/node.ts', 'src/fetch/dial-node.ts', 'src/testing.ts'],
  },
  { folder: 'shared/server', name: '@postern/server', arrows: ['@postern/core'] },
  {
    folder: 'idp',
    name: '@postern/idp',
    arrows: ['@postern/core', '@postern/server'],
    floors: [
      { name: 'doors', rooms: ['index.ts', 'main.ts', 'server.ts', 'testing', 'cli'], within: 'any' },
      { name: 'faces', rooms: ['oidc', 'sign-in', 'management', 'volcengine', 'seed'], within: ['sign-in > oidc'] },
      { name: 'domain', rooms: ['directory'] },
      { name: 'ground', rooms: ['schema.ts', 'schema'], within: ['schema.ts > schema'] },
      { name: 'figures', rooms: ['limits.ts', 'version.ts'] },
    ],
    apart: ['cli'],
  },
  {
    folder: 'resource-server/kit',
    name: '@postern/resource-server',
    arrows: ['@postern/core'],
    packages: ['jose'],
    nodeOnlyIn: ['src/adapters/', 'src/testing/'],
  },
  {
    folder: 'resource-server/gateway',
    name: '@postern/gateway',
    arrows: ['@postern/core', '@postern/server', '@postern/resource-server'],
    floors: [
      { name: 'doors', rooms: ['index.ts', 'main.ts', 'server.ts', 'testing'], within: 'any' },
      { name: 'faces', rooms: ['management', 'volcengine', 'protocol', 'seed'] },
      { name: 'domain', rooms: ['catalog'] },
      { name: 'ground', rooms: ['backends', 'idp-link', 'schema.ts'] },
      { name: 'figures', rooms: ['limits.ts', 'version.ts'] },
    ],
  },
  {
    folder: 'test',
    name: '@postern/test',
    arrows: ['@postern/core', '@postern/server', '@postern/idp', '@postern/resource-server', '@postern/gateway'],
  },
]

/** Packages that one room alone may know, wherever else they are declared. */
export const confined: Readonly<Record<string, { readonly workspace: string; readonly room: string }>> = {
  'oidc-provider': { workspace: 'idp', room: 'src/oidc/' },
}
