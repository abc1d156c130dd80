// A provider with a thousand pools, none of them used yet. Says on its standard input's end how much memory it has.
import { startIdp } from '@postern/idp/testing'

const idp = await startIdp()
const pools: { tokenUrl: string; clientId: string; clientSecret: string }[] = []
for (let n = 0; n < 1000; n++) {
  const pool = await idp.createPool({ name: `pool-${n}`, resources: [{ identifier: `http://localhost:9999/${n}` }] })
  const tokenEndpointAuthMethod = 'client_secret_post'
  const { clientId, clientSecret = '' } = await pool.createClient({ name: 'agent', tokenEndpointAuthMethod })
  pools.push({ tokenUrl: pool.tokenUrl, clientId, clientSecret })
}
console.log(JSON.stringify(pools))
process.stdin
  .on('end', async () => {
    console.log(JSON.stringify({ residentMb: process.memoryUsage().rss / 1024 / 1024 }))
    await idp.close()
  })
  .resume()
