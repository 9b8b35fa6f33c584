/**
 * Hashes of bytes and of meanings. `canonicalJson` gives equal text for equal values whatever the
 * order of keys (RFC 8785's rules for the values that JSON.stringify can print), so that its hash
 * can be compared across processes and machines.
 */
import { createHash } from "node:crypto";

/** SHA-256 of bytes, hexadecimal. */
export function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

/** JSON with sorted keys and no spaces; `undefined` members are left out. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(",")}]`;
  if (value !== null && typeof value === "object") {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
      .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
    return `{${members.join(",")}}`;
  }
  // TypeScript says `string`; for a function or a symbol it is undefined.
  const text = JSON.stringify(value) as string | undefined;
  return text ?? "null";
}

/** SHA-256 of a value's canonical JSON, hexadecimal. */
export function hashOf(value: unknown): string {
  return sha256(canonicalJson(value));
}
