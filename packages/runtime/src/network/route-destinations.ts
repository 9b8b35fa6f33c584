/**
 * Destinations of routes as iproute2 words them: `default`, a plain address, or `a.b.c.d/len`. Used
 * by the network planners. Pure; what is no destination throws, as core's ranges do.
 */
import { contains, formatAddress, formatRange, parseRange, sizeOf, type Ipv4Range } from "@mvm/core";

const EVERYTHING: Ipv4Range = parseRange("0.0.0.0/0");

/** The range that a destination names. Host bits are dropped. */
export function parseDestination(text: string): Ipv4Range {
  return text === "default" ? EVERYTHING : parseRange(text);
}

export function formatDestination(range: Ipv4Range): string {
  if (contains(range, EVERYTHING)) return "default";
  return sizeOf(range) === 1 ? formatAddress(range.first) : formatRange(range);
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
