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

/** A UUID of version 8 (RFC 9562: free to fill) from the first 32 of a hash's hexadecimal digits. */
export function uuidFromHash(hash: string): string {
  const digits = `${hash.slice(0, 12)}8${hash.slice(13, 16)}8${hash.slice(17, 32)}`;
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** SHA-256 of a value's canonical JSON, hexadecimal. */
export function hashOf(value: unknown): string {
  return sha256(canonicalJson(value));
}
