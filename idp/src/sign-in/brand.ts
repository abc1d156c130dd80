import type { OpenPool } from '../oidc/open-pools.ts'
import type { PageFacts } from '../oidc/pages.ts'
import { displayText } from './display-text.ts'
import { chooseLanguage, type Wishes } from './language/choose-language.ts'
import { wordingOf } from './language/wording.ts'
import type { Brand, Frame } from './look/frame.ts'

/** What pages show of a pool. */
export function brandOf({ pool, issuer }: OpenPool): Brand {
  const { host, pathname } = new URL(issuer)
  const { name, logoUri } = pool.brand
  return { name: displayText(name ?? pool.name), logoUri, host, root: pathname }
}

/** A frame in the language of who asks. */
export function frameOf<Known extends Brand | undefined>(
  brand: Known,
  wishes: Wishes,
): Frame & { readonly brand: Known } {
  return { wording: wordingOf(chooseLanguage(wishes)), brand }
}

/** The frame of a page that another part of the provider asks for. */
export function frameFor({ opened, ...wishes }: PageFacts): Frame {
  return frameOf(opened && brandOf(opened), wishes)
}
