// The official Node SDK of the originals as a foreign signer.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { systemClock } from '@postern/core'
import { action, openStore, type ServerTables, type Store, wireApi } from '@postern/server'
import { captureLog, signedRequest, startHttp, type TestHttp } from '@postern/server/testing'
import openapi from '@volcengine/openapi'
import fc from 'fast-check'
import { z } from 'zod'

const { Service, Signer } = openapi
const accessKey = { accessKeyId: 'AKLTforeign', secretAccessKey: 'Zm9yZWlnbi1zaWduZXItc2VjcmV0' }
const credentials = { accessKeyId: accessKey.accessKeyId, secretKey: accessKey.secretAccessKey }

describe('@volcengine/openapi as a signer', () => {
  let server: TestHttp
  let store: Store<ServerTables>
  before(async () => {
    const { log } = captureLog()
    store = await openStore<ServerTables>({ url: 'sqlite::memory:', migrations: {}, log })
    const echo = action({ resource: 'Thing' }, z.looseObject({}), (input) => input)
    server = await startHttp({
      wire: wireApi({
        service: 'agentkit',
        version: '2025-10-30',
        actions: { Echo: echo },
        accessKeys: [accessKey],
        clock: systemClock,
        log,
        store,
        record: () => {},
      }),
    })
  })
  after(async () => {
    await server.close()
    await store.close()
  })

  const serviceWith = (secretKey: string) =>
    new Service({
      ...credentials,
      secretKey,
      serviceName: 'agentkit',
      defaultVersion: '2025-10-30',
      region: 'cn-beijing',
      host: new URL(server.url).host,
      protocol: 'http:',
    })

  it('is answered', async () => {
    const echo = serviceWith(credentials.secretKey).createJSONAPI('Echo')
    const answer: unknown = await echo({ Name: '名字', Tags: [{ Key: 'a', Value: null }] })
    assert.partialDeepStrictEqual(answer, {
      ResponseMetadata: { Action: 'Echo', Version: '2025-10-30', Service: 'agentkit', Region: 'cn-beijing' },
      Result: { Name: '名字', Tags: [{ Key: 'a', Value: null }] },
    })
  })

  it('is refused with a wrong secret', async () => {
    const answer: unknown = await serviceWith('another-secret-key-of-nobody').createJSONAPI('Echo')({ Name: 'x' })
    assert.partialDeepStrictEqual(answer, {
      ResponseMetadata: { Error: { Code: 'SignatureDoesNotMatch', CodeN: 100010 } },
    })
  })

  it('signs as we do, whatever is signed', () => {
    const value = fc.string({ unit: 'binary', maxLength: 12 }).map((text) => text.toWellFormed())
    fc.assert(
      fc.property(fc.jsonValue(), fc.string({ minLength: 1, maxLength: 12 }), value, (body, region, extra) => {
        const now = 1_795_000_000_000
        fc.pre(!/[/,\s]/.test(region))
        const header = extra.replace(/[^\x21-\x7e ]/g, '').trim()
        const ours = signedRequest({
          url: 'http://127.0.0.1:4701',
          action: 'Echo',
          service: 'agentkit',
          accessKey,
          region,
          body,
          now,
          headers: { 'x-custom': header },
        })
        const text = ours.init.body
        const request = {
          region,
          method: 'POST',
          pathname: '/',
          params: { Action: 'Echo', Version: '2025-10-30' },
          headers: { Host: '127.0.0.1:4701', 'X-Custom': header },
          body: text,
        }
        const signer = new Signer(request, 'agentkit')
        signer.addAuthorization(credentials, new Date(now))
        const theirs: Record<string, unknown> = { ...request.headers }
        assert.equal(ours.init.headers.authorization, theirs['Authorization'])
      }),
      { numRuns: 200 },
    )
  })
})
