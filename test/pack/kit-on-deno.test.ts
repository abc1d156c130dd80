import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { testKitOn } from './kit-on-runtime.ts'

// All that the kit needs there; where something else is asked for, it is refused without a question.
const permissions = ['--no-prompt', '--allow-net']

testKitOn({
  name: 'Deno',
  program: ['deno-linux-x64', 'deno'],
  async app(folder, options) {
    const text = `import { createApp } from './app.ts'
const app = createApp(${options})
const onListen = ({ port }) => console.log(JSON.stringify({ port }))
Deno.serve({ port: 0, hostname: '127.0.0.1', onListen }, (request) => app(request))
`
    await writeFile(join(folder, 'deno.js'), text)
    return ['run', ...permissions, 'deno.js']
  },
  page: async (folder, port) => [
    'serve',
    ...permissions,
    '--host',
    'localhost',
    '--port',
    `${port}`,
    join(folder, 'server.ts'),
  ],
})
