import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { createResourceServer } from '@postern/resource-server'
import { brokenToken, brokenTokenKinds, createFakeIssuer } from '@postern/resource-server/testing'
import { bearer, resource } from './fixture.ts'
import { listenToOutput } from './output.ts'
import { findSecret, secretsOf } from './secrets.ts'

test("L5: the verifier for the SDKs' own gates tells nothing of a token that it refuses", async (t) => {
  const issuer = await createFakeIssuer({ audience: resource })
  const rs = createResourceServer({ resource, issuers: [{ issuer: issuer.issuer }] })
  t.after(() => {
    rs.close()
    return issuer.close()
  })
  const output = listenToOutput()
  for (const kind of brokenTokenKinds) {
    const token = brokenToken(issuer, kind)
    const { credentials, claims } = secretsOf(bearer(token))
    // A mere word may be one of the program's, or of the error's class.
    const secrets = [...credentials, ...claims.filter((claim) => claim !== resource && !/^[a-z]+$/.test(claim))]
    await assert.rejects(rs.verifier.verifyAccessToken(token), (error) => {
      assert.equal(findSecret(inspect(error, { depth: 9, showHidden: true }), secrets), undefined, kind)
      return true
    })
    assert.equal(findSecret(output(), secrets), undefined, kind)
  }
})
