import type { Clock } from '@postern/core'
import { send } from '../adapters/answer.ts'
import { type NodeRequest, viewOf } from '../adapters/inbound.ts'
import type { NodeHandler } from '../adapters/node.ts'
import { createBackoff } from '../keys/backoff.ts'
import { limits } from '../limits.ts'
import { type Publish, prepareReplies } from '../metadata.ts'
import type { Reply } from '../reply.ts'
import { type InboundRequest, splitUrl } from '../request.ts'
import { toOwnNames } from './casing.ts'
import type { KitOptions } from './config.ts'
import { fetchMetadata, metadataUrlOf, serverMetadataPaths } from './fetch-server-config.ts'
import { authorizationServerShape } from './metadata.ts'
import type { AuthServerConfig, AuthServerDiscoveryConfig } from './server-config.ts'

/** A request as a mounted router sees it: its path begins where the router is mounted. */
function mountedView(req: NodeRequest): InboundRequest {
  return { ...viewOf(req), url: req.url ?? '/' }
}

/** Serves the metadata of protected resources, each at its place (RFC 9728 §3.1), and passes the rest on. */
export function metadataRouter(publishers: readonly Publish[]): NodeHandler {
  return (req, res, next) => {
    const view = mountedView(req)
    for (const publish of publishers) {
      const reply = publish(view)
      if (reply !== undefined) return send(res, reply)
    }
    next()
  }
}

/**
 * Serves an authorization server's metadata as if it were here, for clients of the MCP specification of 2025-03-26. The
 * document is the server's own, its issuer unchanged.
 */
export function delegatedMetadataRouter(server: AuthServerConfig, kit: KitOptions): NodeHandler {
  const documents = 'metadata' in server ? given(server.metadata) : discovered(server, kit)
  return (req, res, next) => {
    const view = mountedView(req)
    if (splitUrl(view.url).path.replace(/\/$/, '') !== serverMetadataPaths.oauth) return next()
    documents().then(
      (publish) => send(res, publish(view) ?? unavailable),
      () => send(res, unavailable),
    )
  }
}

type Documents = () => Promise<Publish>

function given(metadata: object): Documents {
  const publish = prepareReplies(JSON.stringify(toOwnNames(metadata, authorizationServerShape)))
  return async () => publish
}

/** Fetched when it is first asked for, then every so often; who ask meanwhile share the fetch, and failures cause pauses. */
function discovered({ issuer, type }: AuthServerDiscoveryConfig, { fetch, network, clock }: KitOptions): Documents {
  const time: Clock = clock ?? { now: () => Date.now() }
  const backoff = createBackoff(time)
  const config = { type, ...(fetch === undefined ? {} : { fetch }), ...(network === undefined ? {} : { network }) }
  let kept: { readonly publish: Publish; readonly at: number } | undefined
  let flight: Promise<Publish> | undefined

  const load = async () => {
    try {
      const { document } = await fetchMetadata(metadataUrlOf(issuer, type), config, (named) => named === issuer)
      kept = { publish: prepareReplies(JSON.stringify(document)), at: time.now() }
      backoff.succeeded()
      return kept.publish
    } catch (error) {
      backoff.failed()
      throw error
    } finally {
      flight = undefined
    }
  }

  return async () => {
    const age = kept === undefined ? Number.POSITIVE_INFINITY : Math.abs(time.now() - kept.at)
    if (kept !== undefined && age < limits.discoveryMaxAgeSeconds * 1000) return kept.publish
    if (flight === undefined && backoff.wait() > 0) throw new Error('the metadata cannot be had')
    flight ??= load()
    return flight
  }
}

const unavailable: Reply = {
  status: 503,
  headers: {
    'access-control-allow-origin': '*',
    'cache-control': 'no-store',
    'content-type': 'application/json',
    'retry-after': String(limits.retryAfterSeconds),
  },
  body: JSON.stringify({ error: 'temporarily_unavailable' }),
}
