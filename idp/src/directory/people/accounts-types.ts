import type { FieldError, SignUpAttributes } from '@postern/server'
import type { Offers } from '../development-only.ts'
import type { Pool } from '../types.ts'
import type { User } from './types.ts'

/** Where a person's request comes from: the remote address of the connection. */
interface From {
  readonly address: string
  readonly requestId?: string | undefined
}

/** Too many attempts; they may go on after so many whole seconds. */
export interface Wait {
  readonly outcome: 'wait'
  readonly seconds: number
}

export type SignInOutcome =
  /** `new_password`: the password is right and must be changed. `unconfirmed`: it is right, and the address is not confirmed. */
  | { readonly outcome: 'ok' | 'new_password' | 'unconfirmed'; readonly user: User }
  | { readonly outcome: 'wrong' }
  | Wait

export type SignUpOutcome =
  | { readonly outcome: 'ok'; readonly user: User }
  | { readonly outcome: 'code_sent' }
  | { readonly outcome: 'invalid'; readonly errors: readonly FieldError[] }
  | { readonly outcome: 'off' }
  | Wait

export type ConfirmOutcome = { readonly outcome: 'ok'; readonly user: User } | { readonly outcome: 'wrong' } | Wait

export type SendOutcome = { readonly outcome: 'ok' } | Wait

export type RecoveryOutcome = SendOutcome | { readonly outcome: 'off' }

export type NewPasswordOutcome =
  | { readonly outcome: 'ok'; readonly user: User }
  | { readonly outcome: 'invalid'; readonly errors: readonly FieldError[] }

export type FinishOutcome = NewPasswordOutcome | ConfirmOutcome

/**
 * What pages and flows use for people. Outcomes, texts and time are the same whether the named user exists or not; a
 * disabled user is as one who does not exist.
 */
export interface Accounts {
  find(poolId: string, userId: string): Promise<User | undefined>
  /** By id or by a name to sign in with, for `unattendedUser`; never for answers to a stranger. */
  findByName(poolId: string, name: string): Promise<User | undefined>
  /** What people may do by themselves in the pool, as this server runs. */
  offers(pool: Pool): Offers
  signIn(poolId: string, request: From & { readonly name: string; readonly password: string }): Promise<SignInOutcome>
  /** @param request the fields of `attributes` are checked here; errors name them as `email`, the password as `password` */
  signUp(
    poolId: string,
    request: From & {
      readonly attributes: SignUpAttributes | Readonly<Record<string, unknown>>
      readonly password: string
    },
  ): Promise<SignUpOutcome>
  /** With a confirmation code. */
  confirm(poolId: string, request: From & { readonly name: string; readonly code: string }): Promise<ConfirmOutcome>
  sendConfirmation(poolId: string, request: From & { readonly name: string }): Promise<SendOutcome>
  startRecovery(poolId: string, request: From & { readonly name: string }): Promise<RecoveryOutcome>
  /** Sets the password with a recovery code and ends the user's sessions. */
  finishRecovery(
    poolId: string,
    request: From & { readonly name: string; readonly code: string; readonly password: string },
  ): Promise<FinishOutcome>
  /** After `new_password`: the person has just proven the old one. @throws DirectoryError `not_found` */
  setNewPassword(
    poolId: string,
    userId: string,
    request: { readonly password: string; readonly requestId?: string | undefined },
  ): Promise<NewPasswordOutcome>
}
