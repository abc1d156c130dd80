// The token endpoint as it ships: SQLite, hashed secrets, the recorder on, ES256, HTTP Basic.
import { startIdp } from '@postern/idp/testing'
import { announce } from './announce.ts'

const idp = await startIdp()
const pool = await idp.createPool({ name: 'bench', resources: [{ identifier: 'http://localhost:9999/mcp' }] })
const client = await pool.createClient({ name: 'bench' })
announce({
  url: `${pool.issuer}/token`,
  method: 'POST',
  headers: {
    authorization: `Basic ${Buffer.from(`${client.clientId}:${client.clientSecret}`).toString('base64')}`,
    'content-type': 'application/x-www-form-urlencoded',
  },
  body: 'grant_type=client_credentials',
})
