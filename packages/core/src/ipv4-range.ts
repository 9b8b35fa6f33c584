/**
 * IPv4 addresses as unsigned numbers and aligned ranges of them: parsing, printing, containment.
 * Pure. Takes text that a schema has let through (zod's `ipv4`, `cidrv4`); anything else is a defect
 * of the caller and throws.
 */
import { MvmError } from "./errors/mvm-error.ts";

const ADDRESS_BITS = 32;

/** An aligned block of addresses, both ends included. */
export interface Ipv4Range {
  readonly first: number;
  readonly last: number;
}

/** The range of `a.b.c.d/len`, or of a plain address (one member). Host bits are dropped. */
export function parseRange(text: string): Ipv4Range {
  const [address = "", length = String(ADDRESS_BITS)] = text.split("/");
  return rangeAt(addressNumber(address), prefixLength(length, text));
}

/** The range of that prefix length which holds this address. */
export function rangeAt(address: number, length: number): Ipv4Range {
  const size = 2 ** (ADDRESS_BITS - length);
  const first = Math.floor(address / size) * size;
  return { first, last: first + size - 1 };
}

/** `a.b.c.d/len`, also of a single address. */
export function formatRange(range: Ipv4Range): string {
  return `${formatAddress(range.first)}/${prefixLengthOf(range)}`;
}

/** Dotted decimals of an address. */
export function formatAddress(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join(".");
}

/** How many addresses a range holds. */
export function sizeOf({ first, last }: Ipv4Range): number {
  return last - first + 1;
}

export function prefixLengthOf(range: Ipv4Range): number {
  return ADDRESS_BITS - Math.log2(sizeOf(range));
}

/** Whether every address of `inner` lies in `outer`. */
export function contains(outer: Ipv4Range, inner: Ipv4Range): boolean {
  return outer.first <= inner.first && inner.last <= outer.last;
}

/** Whether they share an address: aligned blocks nest or are disjoint. */
export function overlaps(one: Ipv4Range, other: Ipv4Range): boolean {
  return contains(one, other) || contains(other, one);
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
  if (!/^\d{1,2}$/.test(length) || bits > ADDRESS_BITS)
    throw new MvmError("MVM_INTERNAL", { message: `${text} is no IPv4 range` });
  return bits;
}
