/**
 * Files that the quickstart writes and the user may edit: the first line holds the hash of the
 * rest, so that an edited file is known from one of an older version, and never overwritten. Pure.
 */
import { sha256 } from "@mvm/core";

const HASH_DIGITS = 16;

/** `missing`, `current`: as it would be written; `outdated`: written by an older run; `edited` by hand. */
export type Standing = "missing" | "current" | "outdated" | "edited";

/** The file's text with its first line. */
export function generatedText(body: string): string {
  return `# Written by mvm quickstart (${digest(body)}). Once you edit it, it is yours: it is not written again.\n${body}`;
}

/** @param text what lies there now, null when nothing does */
export function standingOf(text: string | null, body: string): Standing {
  if (text === null) return "missing";
  if (text === generatedText(body)) return "current";
  const [first = ""] = text.split("\n", 1);
  const written = text.slice(first.length + 1);
  return text === generatedText(written) ? "outdated" : "edited";
}

function digest(body: string): string {
  return sha256(body).slice(0, HASH_DIGITS);
}
