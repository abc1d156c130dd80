import { join } from 'node:path'
import { after, before, describe } from 'node:test'
import { noPostgres, startPostgres, type TestPostgres } from './postgres.ts'
import { type TemporaryFolder, temporaryFolder } from './temporary-folder.ts'

/** Describes the same tests over SQLite and over Postgres; `nextUrl` makes an empty database at each call. */
export function describeStores(title: string, tests: (nextUrl: () => Promise<string>) => void): void {
  describe(`${title}, SQLite`, () => {
    let folder: TemporaryFolder
    let count = 0
    before(async () => {
      folder = await temporaryFolder()
    })
    after(() => folder.remove())
    tests(async () => {
      count += 1
      return `sqlite:${join(folder.path, `${count}.db`)}`
    })
  })
  describe(`${title}, Postgres`, { skip: noPostgres() }, () => {
    let postgres: TestPostgres
    before(async () => {
      postgres = await startPostgres()
    })
    after(() => postgres.close())
    tests(() => postgres.url(title))
  })
}
