import { startIdp } from '@postern/idp/testing'

const begin = performance.now()
const idp = await startIdp()
const ms = performance.now() - begin
await idp.close()
console.log(JSON.stringify({ ms }))
