import { createServer, type RequestListener } from 'node:http'
import { pathToFileURL } from 'node:url'
import { getRequestListener } from '@hono/node-server'

/*
 * Serves over Node what other runtimes call by themselves: a module whose default export has `fetch`, or route handlers as Next
 * has them, one module a path. Arguments: port, then a file, or pairs of path and file.
 */
const [port = '', ...files] = process.argv.slice(2)

type Handler = (request: Request, ...rest: unknown[]) => Response | Promise<Response>

async function load(file: string): Promise<Record<string, unknown>> {
  return import(pathToFileURL(file).href)
}

function isHandler(value: unknown): value is Handler {
  return typeof value === 'function'
}

async function fetchOf(file: string): Promise<Handler> {
  const exported = (await load(file))['default']
  const handler = Object(exported)['fetch']
  if (!isHandler(handler)) throw new Error(`${file} has no default export with fetch`)
  return handler
}

/** Next calls the export that is named like the method, and answers 405 where there is none. */
async function routes(pairs: readonly string[]): Promise<Handler> {
  const modules = new Map<string, Record<string, unknown>>()
  for (let index = 0; index < pairs.length; index += 2) {
    modules.set(pairs[index] ?? '', await load(pairs[index + 1] ?? ''))
  }
  return (request) => {
    const route = modules.get(new URL(request.url).pathname)
    if (route === undefined) return new Response(null, { status: 404 })
    const handler = route[request.method]
    return isHandler(handler) ? handler(request, { params: Promise.resolve({}) }) : new Response(null, { status: 405 })
  }
}

const handler = files.length === 1 ? await fetchOf(files[0] ?? '') : await routes(files)
const listener: RequestListener = getRequestListener((request) => handler(request))
createServer(listener).listen(Number(port), 'localhost')
