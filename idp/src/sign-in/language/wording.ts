import { type Html, html, type Value } from '../html/html.ts'
import { en } from './en.ts'
import type { Placeholders, TextKey, Texts } from './texts.ts'
import { zh } from './zh.ts'

export type Language = 'en' | 'zh'

const catalogues: Readonly<Record<Language, Texts>> = { en, zh }

type Filling<Key extends TextKey, Piece> = [Placeholders<Key>] extends [never]
  ? []
  : [values: Readonly<Record<Placeholders<Key>, Piece>>]

/** Speaks one language. */
export interface Wording {
  readonly language: Language
  /** BCP 47 tag for `lang`. */
  readonly tag: string
  /** A text with its placeholders filled. */
  say<Key extends TextKey>(key: Key, ...values: Filling<Key, string | number>): string
  /** The same with markup in the placeholders, such as an emphasised name. */
  mark<Key extends TextKey>(key: Key, ...values: Filling<Key, Value>): Html
  /** "a, b or c", "a, b and c". */
  list(items: readonly string[], type: 'disjunction' | 'conjunction'): string
}

const placeholder = /\{([a-zA-Z]+)\}/

export function wordingOf(language: Language): Wording {
  const texts = catalogues[language]
  const tag = texts['language.tag']
  return {
    language,
    tag,
    say: (key, ...[values]) => pieces(texts[key], values).join(''),
    mark: (key, ...[values]) => html`${pieces(texts[key], values)}`,
    list: (items, type) => new Intl.ListFormat(tag, { type }).format(items),
  }
}

/** split() with a group gives text and names in turn. */
function pieces<Piece>(text: string, values: Readonly<Record<string, Piece>> = {}): (string | Piece)[] {
  return text.split(placeholder).map((piece, index) => (index % 2 === 0 ? piece : (values[piece] ?? '')))
}
