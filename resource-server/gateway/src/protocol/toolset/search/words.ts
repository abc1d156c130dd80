const segmenter = new Intl.Segmenter(undefined, { granularity: 'word' })

/** The words of a text in any language, of names such as `get_weather` and `getWeather` too, in lower case. */
export function wordsOf(text: string): string[] {
  const plain = text
    .normalize('NFKC')
    .replace(/(\p{Ll}|\p{N})(\p{Lu})/gu, '$1 $2')
    .replace(/[_./-]+/g, ' ')
    .toLowerCase()
  return [...segmenter.segment(plain)].flatMap(({ segment, isWordLike }) => (isWordLike === true ? [segment] : []))
}
