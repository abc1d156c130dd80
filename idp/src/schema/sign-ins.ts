import type { Kysely } from 'kysely'

/** Whose a stored session, grant, code or refresh token is: a hash of the account, so that they can end with it. */
export interface OidcModelAccount {
  account: string | null
}

export const signIns = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema.alterTable('oidc_model').addColumn('account', 'text').execute()
    await db.schema.createIndex('oidc_model_account').on('oidc_model').columns(['pool_id', 'account']).execute()
  },
}
