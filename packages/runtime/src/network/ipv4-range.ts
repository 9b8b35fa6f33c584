/**
 * IPv4 addresses and ranges as unsigned numbers: parsing, printing, containment.
 *
 * Used by the network planners. Expects text that a schema accepted already (zod's `ipv4`, `cidrv4`);
 * anything else is a defect of the caller and throws.
 */
import { MvmError } from "@mvm/core";

/** An aligned block of addresses, both ends included. */
export interface Ipv4Range {
  readonly first: number;
  readonly last: number;
}

/** The range of `a.b.c.d/len`, of a plain address (one member) or of `default` (everything). Host bits are dropped. */
export function parseRange(text: string): Ipv4Range {
  if (text === "default") return { first: 0, last: 0xffff_ffff };
  const [address = "", length = "32"] = text.split("/");
  const size = 2 ** (32 - prefixLength(length, text));
  const first = Math.floor(addressNumber(address) / size) * size;
  return { first, last: first + size - 1 };
}

/** The form that iproute2 prints: `default`, a plain address, or `a.b.c.d/len`. */
export function formatRange({ first, last }: Ipv4Range): string {
  const length = 32 - Math.log2(last - first + 1);
  if (length === 0) return "default";
  const address = [24, 16, 8, 0].map((shift) => (first >>> shift) & 0xff).join(".");
  return length === 32 ? address : `${address}/${length}`;
}

/** Whether every address of `inner` lies in `outer`. */
export function contains(outer: Ipv4Range, inner: Ipv4Range): boolean {
  return outer.first <= inner.first && inner.last <= outer.last;
}

/** The ranges that no other of them contains, each once, in ascending order: aligned blocks nest or are disjoint. */
export function outermost(ranges: readonly Ipv4Range[]): readonly Ipv4Range[] {
  const widestFirst = [...ranges].sort((a, b) => a.first - b.first || b.last - a.last);
  const kept: Ipv4Range[] = [];
  for (const range of widestFirst) {
    const previous = kept.at(-1);
    if (previous === undefined || !contains(previous, range)) kept.push(range);
  }
  return kept;
}

function addressNumber(address: string): number {
  const parts = address.split(".");
  const isAddress =
    parts.length === 4 && parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256);
  if (!isAddress) throw new MvmError("MVM_INTERNAL", { message: `${address} is no IPv4 address` });
  return parts.reduce((sum, part) => sum * 256 + Number(part), 0);
}

function prefixLength(length: string, text: string): number {
  const bits = Number(length);
  if (!/^\d{1,2}$/.test(length) || bits > 32)
    throw new MvmError("MVM_INTERNAL", { message: `${text} is no IPv4 range` });
  return bits;
}
