// For tests: the OpenID face alone, over a directory and a database of its own, on a port of its own.
import { createServer } from 'node:http'
import { type EventInput, systemClock } from '@postern/core'
import { createLogger, createSealer, openStore, type Store } from '@postern/server'
import { temporaryFolder } from '@postern/server/testing'
import { createDirectory } from '../directory/directory.ts'
import type { Directory } from '../directory/types.ts'
import { type IdpDatabase, idpMigrations } from '../schema.ts'
import { createOidc, type Oidc, type OidcOptions } from './oidc.ts'
import { plainPages } from './test-pages.ts'

export const publicUrl = 'http://localhost:4700'

export interface Ground {
  readonly store: Store<IdpDatabase>
  readonly directory: Directory
  close(): Promise<void>
}

export interface Face {
  readonly oidc: Oidc
  /** Where it listens; its issuers begin with `publicUrl` all the same. */
  readonly url: string
  readonly events: EventInput[]
  close(): Promise<void>
}

const log = createLogger({ level: 'silent', name: 'test' })
const sealer = createSealer(new Uint8Array(32))

export async function openGround(): Promise<Ground> {
  const folder = await temporaryFolder()
  const url = `sqlite:${folder.path}/idp.db`
  const store = await openStore<IdpDatabase>({ url, migrations: idpMigrations, log, name: 'idp' })
  const directory = createDirectory({
    store,
    clock: systemClock,
    sealer,
    mode: 'development',
    onEvent: () => {},
    onError: () => {},
  })
  const close = async () => {
    await directory.close()
    await store.close()
    await folder.remove()
  }
  return { store, directory, close }
}

export async function openFace(
  { store, directory }: Ground,
  fastLane: boolean,
  more: Partial<OidcOptions> = {},
): Promise<Face> {
  const events: EventInput[] = []
  const oidc = createOidc({
    store,
    directory,
    sealer,
    clock: systemClock,
    log,
    encryptionKey: new Uint8Array(32),
    record: (event) => void events.push(event),
    publicUrl,
    network: 'any',
    mode: 'development',
    pages: plainPages(directory),
    fastLane,
    ...more,
  })
  const server = createServer((req, res) => void oidc.handler(req, res))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const close = async () => {
    await new Promise<void>((resolve) => server.close(() => resolve()))
    await oidc.close()
  }
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return { oidc, url: `http://127.0.0.1:${port}`, events, close }
}
