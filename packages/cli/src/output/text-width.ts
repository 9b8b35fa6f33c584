/** Widths of printed text, styles not counted. Pure. */
import { stripVTControlCharacters } from "node:util";

/** How many columns the text takes, for text of one-column letters. */
export function widthOf(text: string): number {
  return Array.from(stripVTControlCharacters(text)).length;
}

/** At most `columns` wide; what is cut off shows as `…`. Styled text loses its style when cut. */
export function cut(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  return columns < 1
    ? ""
    : `${Array.from(stripVTControlCharacters(text))
        .slice(0, columns - 1)
        .join("")}…`;
}

/** Padded with spaces on the right to `columns`. */
export function padded(text: string, columns: number): string {
  return text + " ".repeat(Math.max(0, columns - widthOf(text)));
}

/**
 * The text in lines of at most `columns`, broken between words; a longer word stands alone in its line.
 * Text of one style only: a break would tear others apart.
 */
export function wrapped(text: string, columns: number): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && widthOf(last) + 1 + widthOf(word) <= columns) lines.splice(-1, 1, `${last} ${word}`);
    else lines.push(word);
  }
  return lines;
}
