// Our gateway in front of the stdio server: as many API keys as asked for, each of which has a process of its own.
// node gateway-stdio.ts <number of keys>
import { fileURLToPath } from 'node:url'
import { startGateway } from '@postern/gateway/testing'
import { announce } from './announce.ts'

const names = Array.from({ length: Number(process.argv[2]) }, (_, n) => `bench-${n}`)
const gateway = await startGateway({ env: { POSTERN_MAX_PROCESSES: String(2 * names.length) } })
const { url, apiKeys } = await gateway.createService({
  name: 'echo',
  path: '/echo',
  backend: {
    type: 'stdio',
    command: process.execPath,
    args: [fileURLToPath(new URL('./echo-server.ts', import.meta.url))],
    env: { NODE_ENV: 'production' },
  },
  authorizers: [{ type: 'ApiKey', apiKeys: names.map((name) => ({ name })) }],
})
const each = apiKeys.map(({ key }) => ({ headers: { authorization: `Bearer ${key}` } }))
announce({ url, method: 'POST', headers: {}, each }, gateway.close)
