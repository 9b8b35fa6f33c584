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
