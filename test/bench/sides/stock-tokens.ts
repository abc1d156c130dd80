// oidc-provider as it comes: its own signer, its own client look-up at every request, JWT access tokens for one
// resource; its store is ours (kysely over SQLite, the same pragmas), with the client in the table.

import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLogger, openStore } from '@postern/server'
import { exportJWK, generateKeyPair } from 'jose'
import type { Kysely } from 'kysely'
import Provider, { type Adapter } from 'oidc-provider'
import { announce } from './announce.ts'

interface Tables {
  model: { model: string; id: string; payload: string; expires_at: number | null }
}

const folder = mkdtempSync(join(tmpdir(), 'postern-bench-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
const { db } = await openStore<Tables>({
  url: `sqlite:${join(folder, 'stock.db')}`,
  log: createLogger({ level: 'silent', name: 'bench' }),
  migrations: {
    '001_model': {
      async up(schema: Kysely<unknown>) {
        await schema.schema
          .createTable('model')
          .addColumn('model', 'text', (column) => column.notNull())
          .addColumn('id', 'text', (column) => column.notNull())
          .addColumn('payload', 'text', (column) => column.notNull())
          .addColumn('expires_at', 'bigint')
          .addPrimaryKeyConstraint('model_key', ['model', 'id'])
          .execute()
      },
    },
  },
})

const adapter = (model: string): Adapter => {
  const find = async (id: string) => {
    const at = db.selectFrom('model').select('payload').where('model', '=', model).where('id', '=', id)
    const row = await at.executeTakeFirst()
    return row && JSON.parse(row.payload)
  }
  const unused = async () => undefined
  return {
    find,
    findByUid: unused,
    findByUserCode: unused,
    consume: unused,
    revokeByGrantId: unused,
    async destroy(id) {
      await db.deleteFrom('model').where('model', '=', model).where('id', '=', id).execute()
    },
    async upsert(id, payload, expiresIn) {
      const row = { payload: JSON.stringify(payload), expires_at: expiresIn ? Date.now() + expiresIn * 1000 : null }
      await db
        .insertInto('model')
        .values({ model, id, ...row })
        .onConflict((conflict) => conflict.columns(['model', 'id']).doUpdateSet(row))
        .execute()
    },
  }
}

const clientSecret = 'a-secret-for-the-bench-of-at-least-32-characters'
await adapter('Client').upsert(
  'bench',
  {
    client_id: 'bench',
    client_secret: clientSecret,
    grant_types: ['client_credentials'],
    redirect_uris: [],
    response_types: [],
    id_token_signed_response_alg: 'ES256',
  },
  0,
)

const server = createServer()
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
const { privateKey } = await generateKeyPair('ES256', { extractable: true })
const resource = 'http://localhost:9999/mcp'
const provider = new Provider(issuer, {
  adapter,
  jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: 'ES256', use: 'sig', kid: 'bench' }] },
  clientDefaults: { id_token_signed_response_alg: 'ES256' },
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => resource,
      getResourceServerInfo: () => ({
        scope: '',
        audience: resource,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'ES256' } },
      }),
    },
  },
})
server.on('request', provider.callback())
announce({
  url: `${issuer}/token`,
  method: 'POST',
  headers: {
    authorization: `Basic ${Buffer.from(`bench:${clientSecret}`).toString('base64')}`,
    'content-type': 'application/x-www-form-urlencoded',
  },
  body: 'grant_type=client_credentials',
})
