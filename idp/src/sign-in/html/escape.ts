const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
}

/** Text that means itself in HTML, between tags and in quoted attributes. */
export function escapeText(text: string): string {
  return text
    .toWellFormed()
    .replace(/[&<>"'`]/g, (character) => entities[character] ?? '')
    .replaceAll('\0', '\ufffd')
}
