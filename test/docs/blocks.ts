/** A fenced block of a Markdown file; `line` is that of its first line, counted from 1. */
export interface Block {
  readonly language: string
  readonly text: string
  readonly line: number
}

/** The fenced blocks of a Markdown text, in order. @throws where a fence is not closed. */
export function fencedBlocks(markdown: string): Block[] {
  const blocks: Block[] = []
  let open: { language: string; lines: string[]; line: number } | undefined
  for (const [at, line] of markdown.split('\n').entries()) {
    const fence = /^```(\S*)/.exec(line)
    if (!fence) open?.lines.push(line)
    else if (open) {
      blocks.push({ language: open.language, text: open.lines.join('\n'), line: open.line })
      open = undefined
    } else open = { language: fence[1] ?? '', lines: [], line: at + 2 }
  }
  if (open) throw new Error(`The block at line ${open.line} is never closed`)
  return blocks
}
