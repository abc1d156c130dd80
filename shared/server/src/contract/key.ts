import { z } from 'zod'
import { signingAlgorithm } from './pool.ts'
import { timeOut } from './scalars.ts'
import { strict } from './validate.ts'

export const keyStates = ['next', 'active', 'retired'] as const
export const keyState = z.enum(keyStates)
export type KeyState = z.output<typeof keyState>

export const rotate = strict({}).meta({ id: 'KeyRotate' })

export const keyReply = z
  .object({
    kid: z.string(),
    alg: signingAlgorithm,
    state: keyState,
    createdAt: timeOut,
    activatedAt: timeOut.nullable(),
    retiresAt: timeOut.nullable(),
  })
  .meta({ id: 'Key' })
export type KeyReply = z.output<typeof keyReply>
