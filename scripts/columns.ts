/** Lines of cells as text, each column as wide as its widest cell. */
export function columns(lines: readonly (readonly string[])[]): string {
  const width = (column: number) => Math.max(...lines.map((line) => [...(line[column] ?? '')].length))
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(width(column)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
