import { readFile, writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import type { Finding } from './main.ts'

const file = new URL('./README.md', import.meta.url)
const [begin, end] = ['<!-- figures: written by npm run bench -->', '<!-- /figures -->']

/** Writes the figures of a whole run between the marks of test/bench/README.md. */
export async function writeReport(findings: readonly Finding[]): Promise<void> {
  const text = await readFile(file, 'utf8')
  const [head, tail] = [text.indexOf(begin), text.indexOf(end)]
  if (head < 0 || tail < 0) throw new Error('test/bench/README.md has lost the marks around its figures')
  const rows = findings.map(({ what, measured, wanted, how }) => `| ${what} | ${measured} | ${wanted} | ${how} |`)
  const table = ['| what | measured | wanted | how |', '|---|---|---|---|', ...rows].join('\n')
  const where = `Node ${process.versions.node}, ${cpus().length} cores, ${new Date().toISOString().slice(0, 10)}.`
  await writeFile(file, `${text.slice(0, head)}${begin}\n${where}\n\n${table}\n${text.slice(tail)}`)
}
