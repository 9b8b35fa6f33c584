/** Randomness that replays from a seed (SplitMix32): for simulations, never for secrets that matter. */
import type { Random } from "@mvm/core";

export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  };
  const bytes = (count: number): Buffer => Buffer.from(Array.from({ length: count }, () => next() & 0xff));
  return {
    bytes,
    uuid() {
      const digits = bytes(16).toString("hex");
      return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-4${digits.slice(13, 16)}-a${digits.slice(17, 20)}-${digits.slice(20)}`;
    },
  };
}
