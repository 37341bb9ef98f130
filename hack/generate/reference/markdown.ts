/** What stands first in each generated page. */
export const generatedFrom = (source: string): string =>
  `<!-- Generated from ${source} by npm run generate; edit that instead. -->\n`;

/** A table as Markdown; cells are escaped, so that a pattern cannot break out of its column. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;
  const rule = `|${head.map(() => '---|').join('')}`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll(/\s*\n\s*/g, ' ');

export const code = (text: string): string => `\`${text}\``;

/** Prose in which `<` would be taken for HTML. */
export const prose = (text: string): string => text.replaceAll('<', '&lt;');
