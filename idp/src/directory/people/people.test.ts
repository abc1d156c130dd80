import { after, before } from 'node:test'
import type { Store } from '@postern/server'
import { describeStores } from '@postern/server/testing'
import type { IdpDatabase } from '../../schema.ts'
import { openTestStore } from '../directory-fixture.ts'
import { codeSuite } from './codes.suite.ts'
import { groupSuite } from './groups.suite.ts'
import { signInSuite } from './sign-in.suite.ts'
import { signUpSuite } from './sign-up.suite.ts'
import { userSuite } from './users.suite.ts'

const suites = [userSuite, groupSuite, signInSuite, signUpSuite, codeSuite]

describeStores('people', (nextUrl) => {
  let store: Store<IdpDatabase>
  before(async () => {
    store = await openTestStore(await nextUrl())
  })
  after(() => store.close())
  for (const suite of suites) suite(() => store)
})
