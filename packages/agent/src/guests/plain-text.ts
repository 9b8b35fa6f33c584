/** A guest's words made fit for terminals and logs: what could move a cursor or hide text is shown, not done. Pure. */

const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\u2028\u2029]/gu;

/** Escapes control and format characters as `\x1b` or `\u{202e}`; `keep` are left as they are. */
export function plainText(text: string, keep = ""): string {
  return text
    .toWellFormed()
    .replaceAll(UNPRINTABLE, (character) => (keep.includes(character) ? character : escaped(character)));
}

function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`;
}
