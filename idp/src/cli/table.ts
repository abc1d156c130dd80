/** Lays rows out in columns, two spaces apart, with a heading, by default in capitals. Without rows: the heading alone. */
export function formatTable<K extends string>(
  columns: readonly K[],
  rows: readonly Readonly<Record<K, string>>[],
  heading: (column: K) => string = (column) => column.toUpperCase(),
): string {
  const widths = columns.map((column) => Math.max(column.length, ...rows.map((row) => row[column].length)))
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd()
  return [line(columns.map(heading)), ...rows.map((row) => line(columns.map((column) => row[column])))].join('\n')
}
