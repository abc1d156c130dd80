#!/usr/bin/env node
// Plain JavaScript that any Node can read, so that an old one gets a sentence and not a stack.
const [major] = process.versions.node.split('.').map(Number)
if (major < 24) {
  console.error(
    `postern: needs Node 24 or newer, and this is ${process.version}. ` +
      'Run it as `npx --no-install postern`, which uses the Node that is installed beside it, or install Node 24.',
  )
  process.exitCode = 1
} else {
  import('#cli')
}
