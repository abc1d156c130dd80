import { attributes } from '../html/attributes.ts'
import { type Html, html, type Value } from '../html/html.ts'
import { type Brand, type Frame, noRoot } from './frame.ts'
import { stylesheet } from './stylesheet.ts'

export interface Layout {
  readonly title: string
  /** What the card shows, its h1 first. */
  readonly content: Value
  /** Something has to be mended: the title says so, for it is what a screen reader reads first. */
  readonly isProblem?: boolean
  readonly wide?: boolean
  /** Where the browser goes on at once by itself. */
  readonly goesOnTo?: string
}

/** A whole document: brand, card, and where one is. */
export function layout(
  { wording, brand }: Frame,
  { title, content, isProblem = false, wide = false, goesOnTo }: Layout,
): Html {
  const titled = isProblem ? wording.say('title.error', { title }) : title
  return html`<!doctype html>
<html lang="${wording.tag}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
${goesOnTo !== undefined && html`<meta ${attributes({ 'http-equiv': 'refresh', content: `0; url=${goesOnTo}` })}>\n`}<title>${brand === undefined ? titled : wording.say('page.for', { title: titled, pool: brand.name })}</title>
<link rel="stylesheet" ${attributes({ href: (brand?.root ?? noRoot) + stylesheet.path })}>
</head>
<body>
${brand && head(brand)}
<main class="${wide ? 'wide' : 'narrow'}">
${content}
</main>
${brand && html`<footer><p>${wording.mark('page.from', { host: html`<span class="mono">${brand.host}</span>` })}</p></footer>`}
</body>
</html>
`
}

function head({ name, logoUri }: Brand): Html {
  if (logoUri !== undefined) {
    const image = attributes({ src: logoUri, alt: name, referrerpolicy: 'no-referrer' })
    return html`<header><img ${image}></header>`
  }
  const [first = ''] = name
  return html`<header><span class="monogram" aria-hidden="true">${first.toUpperCase()}</span><span>${name}</span></header>`
}
