import { localAuthorityOf, runServer, trustAuthority } from '@postern/server'
import { readStartSeed } from './seed/start.ts'
import { createGatewayServer } from './server.ts'

await runServer('gateway', async (context) => {
  const { settings } = context
  const seed = await readStartSeed(settings, process.env)
  const authority = localAuthorityOf(settings)
  if (authority !== undefined) await trustAuthority(authority)
  return await createGatewayServer({ ...context, seed })
})
