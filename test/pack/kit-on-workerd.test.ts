import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { rolldown } from 'rolldown'
import { testKitOn } from './kit-on-runtime.ts'

testKitOn({
  name: 'workerd',
  endsWorkWithRequests: true,
  program: ['workerd-linux-x64', 'bin/workerd'],
  async app(folder, options) {
    const text = `import { createApp } from './app.ts'
const app = createApp(${options})
export default { fetch: (request) => app(request) }
`
    await writeFile(join(folder, 'worker.ts'), text)
    return serve(folder, 'worker.ts', '127.0.0.1:0')
  },
  page: (folder, port) => serve(folder, 'server.ts', `localhost:${port}`),
})

let made = 0

/** Bundles a module as those who deploy to Workers do, with the conditions that wrangler sets, and gives what serves it. */
async function serve(folder: string, entry: string, address: string): Promise<readonly string[]> {
  made += 1
  const target = join(folder, `worker-${made}`)
  await mkdir(target)
  const bundle = await rolldown({
    input: join(folder, entry),
    platform: 'browser',
    resolve: { conditionNames: ['workerd', 'worker', 'browser'] },
    logLevel: 'silent',
  })
  await bundle.write({ file: join(target, 'worker.js'), format: 'esm' })
  await bundle.close()
  const config = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = (
      modules = [(name = "worker", esModule = embed "worker.js")],
      compatibilityDate = "2026-01-01",
      globalOutbound = "network",
    )),
    (name = "network", network = (allow = ["public", "private"])),
  ],
  sockets = [(name = "http", address = "${address}", http = (), service = "main")],
);
`
  await writeFile(join(target, 'config.capnp'), config)
  return ['serve', '--control-fd=1', join(target, 'config.capnp')]
}
