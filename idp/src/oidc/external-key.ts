import { createPublicKey, type KeyObject } from 'node:crypto'
import { ExternalSigningKey } from 'oidc-provider'
import type { PublicJwk } from '../directory/types.ts'
import type { Signer } from './signer.ts'

// The library tells such keys by their class, so this is one of the few classes of the house.
class PoolKey extends ExternalSigningKey {
  readonly #publicJwk: PublicJwk
  readonly #signer: Signer | undefined
  #publicKey: KeyObject | undefined

  constructor(publicJwk: PublicJwk, signer: Signer | undefined) {
    super()
    this.#publicJwk = publicJwk
    this.#signer = signer
  }

  override get kid(): string {
    return String(this.#publicJwk['kid'])
  }

  override get alg(): string {
    return String(this.#publicJwk['alg'])
  }

  // What the library would get by making the key and exporting it again: half of the time that an instance took.
  override get kty(): string {
    return String(this.#publicJwk['kty'])
  }

  override get crv(): string | undefined {
    return this.#member('crv')
  }

  override get x(): string | undefined {
    return this.#member('x')
  }

  override get y(): string | undefined {
    return this.#member('y')
  }

  override get n(): string | undefined {
    return this.#member('n')
  }

  override get e(): string | undefined {
    return this.#member('e')
  }

  override get pub(): string | undefined {
    return this.#member('pub')
  }

  override keyObject(): KeyObject {
    this.#publicKey ??= createPublicKey({ key: this.#publicJwk, format: 'jwk' })
    return this.#publicKey
  }

  override sign(data: Uint8Array): Promise<Uint8Array> | Uint8Array {
    if (this.#signer === undefined) throw new Error('this key only verifies: it is not the active one')
    return this.#signer.sign(data)
  }

  #member(name: string): string | undefined {
    const value = this.#publicJwk[name]
    return typeof value === 'string' ? value : undefined
  }
}

/**
 * A pool's key as oidc-provider takes it, by its extension point for keys that sign elsewhere: the private part never
 * gets into the library.
 *
 * @param signer absent for next and retired keys, which are only published
 */
export function externalKey(publicJwk: PublicJwk, signer: Signer | undefined): ExternalSigningKey {
  return new PoolKey(publicJwk, signer)
}
