import type { Html } from '../html/html.ts'
import { signInPage } from '../pages/sign-in-page.ts'
import { type Fields, finishSignIn, type Reply, type Visit } from '../visit.ts'
import { typedName } from './typed.ts'
import { userNameOf } from './user-name.ts'
import { waitReply } from './waiting.ts'

interface Typed {
  readonly username: string
  readonly isRemembered: boolean
}

export async function showSignIn(visit: Visit): Promise<Reply> {
  return { kind: 'page', html: render(visit, { username: await expectedName(visit), isRemembered: false }) }
}

/** Whom the client expects; where it asks to sign in once more, who is signed in. */
async function expectedName({ interaction, accounts }: Visit): Promise<string> {
  const { loginHint, userId, poolId } = interaction
  if (loginHint !== undefined) return typedName({ loginHint }, 'loginHint')
  const user = userId === undefined ? undefined : await accounts.find(poolId, userId)
  return user === undefined ? '' : userNameOf(user)
}

/** The answer to a wrong name and to a wrong password is one and the same. */
export async function takeSignIn(visit: Visit, fields: Fields): Promise<Reply> {
  const { accounts, exchange, interaction } = visit
  const { address, requestId } = exchange
  const typed = { username: typedName(fields, 'username'), isRemembered: fields['remember'] === 'yes' }
  const from = { name: typed.username, address, requestId }
  const password = fields['password'] ?? ''
  const result = await accounts.signIn(interaction.poolId, { ...from, password })
  switch (result.outcome) {
    case 'ok':
      return finishSignIn(visit, result.user.id, typed.isRemembered)
    case 'new_password': {
      const step = { kind: 'new-password', userId: result.user.id, isRemembered: typed.isRemembered } as const
      return { kind: 'go', to: 'new-password', step }
    }
    case 'unconfirmed': {
      const { email, phoneNumber } = result.user
      // Where one was sent a moment ago this has to wait, which changes nothing: that code is still good.
      await accounts.sendConfirmation(interaction.poolId, from)
      const sentTo = email ?? phoneNumber ?? typed.username
      return { kind: 'go', to: 'confirm', step: { kind: 'confirm', name: typed.username, sentTo } }
    }
    case 'wrong':
      return { kind: 'page', html: render(visit, typed, visit.frame.wording.say('signIn.wrong')), status: 400 }
    case 'wait':
      return waitReply(visit, result, (alert) => render(visit, typed, alert))
  }
}

function render({ frame, interaction, exchange, accounts, href }: Visit, typed: Typed, alert?: string): Html {
  const { pool } = exchange.opened
  const offers = accounts.offers(pool)
  return signInPage(frame, {
    ...typed,
    csrf: interaction.csrf,
    action: href(),
    cancelAction: href('cancel'),
    signUpPath: offers.signUp ? href('sign-up') : undefined,
    recoverPath: offers.recovery ? href('recover') : undefined,
    clientName: interaction.client.name,
    attributes: pool.signInAttributes,
    alert,
  })
}
