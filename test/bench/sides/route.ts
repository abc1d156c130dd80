// One route with one answer, of Express 5 or of node:http: open, or behind the kit's guard.
// node route.ts express|node open|guarded <issuer>
import type { RequestListener, ServerResponse } from 'node:http'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createResourceServer } from '@postern/resource-server'
import { guard } from '@postern/resource-server/node'
import express, { type RequestHandler } from 'express'
import { resource } from './resource.ts'
import { serve } from './serve.ts'

const [framework, kind, issuer = ''] = process.argv.slice(2)
const body = JSON.stringify({ ok: true })
const check =
  kind === 'guarded'
    ? guard(createResourceServer({ resource, issuers: [{ issuer }], requiredScopes: ['read'] }))
    : undefined
serve(framework === 'express' ? expressRoute() : nodeRoute())

function expressRoute(): RequestListener {
  const app = express()
  const answer: RequestHandler = (_request, response) => {
    response.json({ ok: true })
  }
  if (check === undefined) app.get('/mcp', answer)
  else app.get('/mcp', check, answer)
  return app
}

function nodeRoute(): RequestListener {
  const answer = (res: ServerResponse) => {
    res.setHeader('content-type', 'application/json; charset=utf-8')
    res.setHeader('content-length', body.length)
    res.end(body)
  }
  if (check === undefined) return (_req, res) => answer(res)
  return (req, res) => {
    if (req.url === '/memory') memory(res)
    else check(req, res, () => answer(res))
  }
}

/** What is left after everything that can be collected was. */
function memory(res: ServerResponse): void {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  if (typeof collect === 'function') for (let times = 0; times < 3; times += 1) collect()
  const { rss, heapUsed } = process.memoryUsage()
  res.end(JSON.stringify({ rssMb: rss / 2 ** 20, heapMb: heapUsed / 2 ** 20 }))
}
