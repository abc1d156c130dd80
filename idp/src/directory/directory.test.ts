import { after, before } from 'node:test'
import type { Store } from '@postern/server'
import { describeStores } from '@postern/server/testing'
import type { IdpDatabase } from '../schema.ts'
import { changeSuite } from './change.suite.ts'
import { clientSuite } from './clients.suite.ts'
import { createTestDirectory, openTestStore } from './directory-fixture.ts'
import { keySuite } from './keys.suite.ts'
import { poolSuite } from './pools.suite.ts'
import { resourceSuite } from './resources.suite.ts'
import { secretSuite } from './secrets.suite.ts'

const suites = [poolSuite, clientSuite, secretSuite, resourceSuite, keySuite, changeSuite]

describeStores('directory', (nextUrl) => {
  let store: Store<IdpDatabase>
  before(async () => {
    store = await openTestStore(await nextUrl())
  })
  after(() => store.close())
  const open = () => createTestDirectory(store)
  for (const suite of suites) suite(open)
})
