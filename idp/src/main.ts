import { accessKeysOf, runServer } from '@postern/server'
import { applyStartSeed, configuredSeed } from './seed/start.ts'
import { createIdpServer } from './server.ts'

await runServer('idp', async (context) => {
  const { settings } = context
  const file = await configuredSeed(settings, process.env)
  return await createIdpServer({
    ...context,
    accessKeys: accessKeysOf(settings, file),
    seed: (directory) => applyStartSeed({ directory, settings, env: process.env, file }),
  })
})
