import type { SeedService } from '@postern/server'

/** What a gateway has in development when no configuration is named: Postern's own tools behind the demo pool's tokens. */
export function demoServices(): SeedService[] {
  return [
    {
      id: 'everyday',
      name: 'everyday',
      path: '/mcp',
      projectName: 'default',
      backend: { type: 'builtin' },
      authorizers: [{ type: 'CustomJWT', pool: 'default' }, { type: 'ApiKey' }],
    },
  ]
}
