// Run as a program: the SDKs' clients find their way from a 401 to a tool's answer, trusting what Node was told to trust.
import * as v2 from '@modelcontextprotocol/client'
import * as v1 from '@modelcontextprotocol/sdk/client/auth-extensions.js'
import { connectV1, connectV2 } from '../tutorial/clients.ts'

const [endpoint = '', issuer = '', clientSecret = ''] = process.argv.slice(2)
const options = { clientId: 'demo', clientSecret, expectedIssuer: issuer }
for (const connecting of [
  connectV1(endpoint, { provider: new v1.ClientCredentialsProvider(options) }),
  connectV2(endpoint, { provider: new v2.ClientCredentialsProvider(options) }),
]) {
  const client = await connecting
  console.log(await client.call('whoami', {}))
  await client.close()
}
