import { type MintReply, type MintRequest, mintReply, mintRequest, problem, type Route, route } from '@postern/server'
import type { Directory } from '../directory/types.ts'

/** Makes an access token without the client's credentials. Who starts the server hands it in. */
export type Mint = (
  request: MintRequest & { readonly poolId: string; readonly requestId?: string },
) => Promise<MintReply>

export interface TokenRoutesOptions {
  readonly directory: Directory
  readonly mode: 'development' | 'production'
  readonly mint: Mint
}

export function tokenRoutes({ directory, mode, mint }: TokenRoutesOptions): Route[] {
  return [
    route({
      method: 'POST',
      path: '/user-pools/:poolId/tokens',
      summary: 'Mints an access token for a client, in development only',
      tag: 'Tokens',
      body: mintRequest,
      reply: { status: 201, schema: mintReply },
      async handler({ params, body, requestId }) {
        if (mode === 'production') {
          problem(403, 'forbidden', 'Tokens are minted in development only; ask the token endpoint as the client.')
        }
        await directory.clients.get(params.poolId, body.clientId)
        return { body: await mint({ ...body, poolId: params.poolId, requestId }) }
      },
    }),
  ]
}
