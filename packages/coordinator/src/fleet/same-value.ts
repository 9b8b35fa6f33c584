/** Whether two plain values mean the same, whatever the order of their keys. */
import { canonicalJson } from "@mvm/core";

export function sameValue(a: unknown, b: unknown): boolean {
  return canonicalJson(a) === canonicalJson(b);
}
