import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { testKitOn } from './kit-on-runtime.ts'

testKitOn({
  name: 'Bun',
  program: ['bun-linux-x64', 'bin/bun'],
  async app(folder, options) {
    const text = `import { createApp } from './app.ts'
const { port } = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: createApp(${options}) })
console.log(JSON.stringify({ port }))
`
    await writeFile(join(folder, 'bun.ts'), text)
    return ['bun.ts']
  },
  page: async (folder) => [join(folder, 'server.ts')],
})
