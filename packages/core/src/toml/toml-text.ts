/** A value as TOML text, for people and for files that a program writes. */
import { stringify } from "smol-toml";

/** @param value a table of TOML's kinds; `undefined` members are left out */
export function tomlText(value: object): string {
  const text = stringify(value);
  return text.endsWith("\n") ? text : `${text}\n`;
}
