import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '@postern/core'
import type { Sealer } from '@postern/server'
import { limits } from '../limits.ts'

/** What one page of an interaction leaves for the next. */
export type Step =
  /** A code went to the address of who has this name; the password was proven or just chosen in this browser. */
  | { readonly kind: 'confirm'; readonly name: string; readonly sentTo: string }
  /** Somebody proved the password of this user, who has to choose another one. */
  | { readonly kind: 'new-password'; readonly userId: string; readonly isRemembered: boolean }
  /** A code went to this name, if there is one. */
  | { readonly kind: 'reset'; readonly name: string }

export type StepOf<Kind extends Step['kind']> = Extract<Step, { kind: Kind }>

/** The steps of one pool's interactions, each kept in a cookie that only we can make or read. */
export interface Steps {
  read<Kind extends Step['kind']>(req: IncomingMessage, uid: string, kind: Kind): StepOf<Kind> | undefined
  write(res: ServerResponse, uid: string, step: Step): void
  clear(res: ServerResponse, uid: string): void
}

export interface StepsOptions {
  readonly poolId: string
  readonly issuer: string
  readonly sealer: Sealer
  readonly clock: Clock
}

const second = 1000

export function createSteps({ poolId, issuer, sealer, clock }: StepsOptions): Steps {
  const { pathname, protocol } = new URL(issuer)
  const name = `postern-${poolId}-step`
  const contextOf = (uid: string): string => `sign-in step of ${poolId}/${uid}`

  const set = (res: ServerResponse, uid: string, value: string, lifetime: string): void => {
    const secure = protocol === 'https:' ? '; secure' : ''
    const path = `${pathname}/sign-in/${uid}`
    res.appendHeader('set-cookie', `${name}=${value}; path=${path}; ${lifetime}; samesite=lax${secure}; httponly`)
  }

  const open = (req: IncomingMessage, uid: string): Sealed | undefined => {
    const value = cookieOf(req, name)
    if (value === undefined) return undefined
    try {
      return JSON.parse(sealer.open(value, contextOf(uid)))
    } catch {
      return undefined
    }
  }

  return {
    read(req, uid, kind) {
      const sealed = open(req, uid)
      return sealed !== undefined && sealed.until > clock.now() && isKind(sealed.step, kind) ? sealed.step : undefined
    },
    write(res, uid, step) {
      const sealed: Sealed = { step, until: clock.now() + limits.signInStep * second }
      set(res, uid, sealer.seal(JSON.stringify(sealed), contextOf(uid)), `max-age=${limits.signInStep}`)
    },
    clear: (res, uid) => set(res, uid, '', 'expires=Thu, 01 Jan 1970 00:00:00 GMT'),
  }
}

interface Sealed {
  readonly step: Step
  /** Epoch milliseconds. */
  readonly until: number
}

function isKind<Kind extends Step['kind']>(step: Step, kind: Kind): step is StepOf<Kind> {
  return step.kind === kind
}

function cookieOf({ headers }: IncomingMessage, name: string): string | undefined {
  for (const pair of (headers.cookie ?? '').split(';')) {
    const [key = '', value] = pair.split('=', 2)
    if (key.trim() === name) return value?.trim()
  }
  return undefined
}
