import type { Language } from './wording.ts'

export interface Wishes {
  /** BCP 47 tags in order, separated by spaces (OpenID Connect Core §3.1.2.1). */
  readonly uiLocales?: string | undefined
  /** RFC 9110 §12.5.4. */
  readonly acceptLanguage?: string | undefined
}

/** Header text that is looked at; what comes after it can only be a wish of lower rank. */
const longest = 1000

/** The first language that we have, of what the client wants and then of what the browser wants; else English. */
export function chooseLanguage({ uiLocales = '', acceptLanguage = '' }: Wishes): Language {
  const wanted = [...uiLocales.slice(0, longest).split(' '), ...byWeight(acceptLanguage.slice(0, longest))]
  for (const tag of wanted) {
    const language = languageOf(tag)
    if (language !== undefined) return language
  }
  return 'en'
}

function languageOf(tag: string): Language | undefined {
  const [primary = ''] = tag.trim().toLowerCase().split('-', 1)
  if (primary === 'zh' || primary === 'en') return primary
  return undefined
}

function byWeight(header: string): string[] {
  const ranges = header.split(',').map((part) => {
    const [tag = '', ...parameters] = part.split(';')
    const weight = parameters.map((text) => /^\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*$/i.exec(text)?.[1]).find(Boolean)
    return { tag, weight: Number(weight ?? 1) }
  })
  return ranges
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight)
    .map(({ tag }) => tag)
}
