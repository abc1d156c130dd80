import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { pack } from '../house/pack.ts'

/** What others install from a registry; the servers are started from a checkout or an image. */
const published = ['postern-core', 'postern-resource-server']

describe('the packages that others install', { timeout: 300_000 }, () => {
  let folder: string
  let tarballs: readonly string[]

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'postern-published-'))
    tarballs = await pack(folder, ['shared/core', 'resource-server/kit'])
  })
  after(() => rm(folder, { recursive: true, force: true }))

  const dataOf = async (name: string) => {
    const path = tarballs.find((tarball) => basename(tarball).startsWith(`${name}-0`)) ?? assert.fail(name)
    return new Uint8Array(await readFile(path))
  }

  for (const name of published) {
    test(`${name}: publint finds nothing`, async () => {
      const tarball = await dataOf(name)
      const { messages, pkg } = await publint({ pack: { tarball: tarball.buffer }, strict: true })
      assert.deepEqual(
        messages.map((message) => formatMessage(message, pkg)),
        [],
      )
    })

    test(`${name}: its types are found as its code is`, async () => {
      const result = await checkPackage(createPackageFromTarballData(await dataOf(name)))
      assert.ok(result.types !== false)
      // Old CommonJS resolution knows no "exports", and CommonJS programs load ES modules by import() or, since Node 22, by require().
      const known = new Set(['node10', 'node16-cjs'])
      const problems = result.problems.filter(
        (problem) => !('resolutionKind' in problem && known.has(problem.resolutionKind)),
      )
      assert.deepEqual(problems, [])
      assert.ok(Object.keys(result.entrypoints).length > 1)
    })
  }
})
