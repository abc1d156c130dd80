import { after, before } from 'node:test'
import type { Store } from '@postern/server'
import { describeStores } from '@postern/server/testing'
import type { IdpDatabase } from '../schema.ts'
import { createTestDirectory, openTestStore } from './directory-fixture.ts'
import { registrationSuite } from './registrations.suite.ts'

describeStores('directory', (nextUrl) => {
  let store: Store<IdpDatabase>
  before(async () => {
    store = await openTestStore(await nextUrl())
  })
  after(() => store.close())
  registrationSuite(() => createTestDirectory(store))
})
