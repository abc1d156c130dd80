import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigError, createResourceServer, type ResourceServerOptions } from '@postern/resource-server'
import { configuration } from './configuration.ts'

for (const { id, option, options } of configuration) {
  test(`${id} ${option} of ${JSON.stringify(options)}`, () => {
    assert.throws(
      () => createResourceServer(options as ResourceServerOptions),
      (error) => error instanceof ConfigError && error.option === option && error.message.startsWith(`${option}: `),
    )
  })
}
