import type { en } from './en.ts'

export type TextKey = keyof typeof en

/** The texts of one language. */
export type Texts = Readonly<Record<TextKey, string>>

type PlaceholderOf<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}`
  ? Name | PlaceholderOf<Rest>
  : never

/** The names between braces in a text. */
export type Placeholders<Key extends TextKey> = PlaceholderOf<(typeof en)[Key]>

/** The keys of texts without placeholders. */
export type PlainKey = { [Key in TextKey]: [Placeholders<Key>] extends [never] ? Key : never }[TextKey]
