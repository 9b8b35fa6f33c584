/**
 * What a VM takes of its host's memory beyond the guest's own, as a rule in data: drivers tell it,
 * agents report it, and whoever asks whether something fits reckons with it. Pure.
 */
import * as z from "zod";

export const MemOverhead = z.object({
  /** What the VMM itself keeps, however large the guest. */
  fixed_mib: z.int().min(0),
  /** Of the guest's memory, on top of it, within the two bounds. */
  share: z.number().min(0).max(1),
  least_mib: z.int().min(0),
  most_mib: z.int().min(0),
});
export type MemOverhead = z.infer<typeof MemOverhead>;

/** Of a VMM of which nothing is known. */
export const NO_MEM_OVERHEAD: MemOverhead = { fixed_mib: 0, share: 0, least_mib: 0, most_mib: 0 };

/** The part that grows with the guest. */
export function sharedOverheadMib({ share, least_mib, most_mib }: MemOverhead, memMib: number): number {
  return Math.min(Math.max(Math.floor(memMib * share), least_mib), most_mib);
}

/** What a VM of that memory takes of its host, its VMM included. */
export function hostMemMib(memMib: number, overhead: MemOverhead): number {
  return memMib + overhead.fixed_mib + sharedOverheadMib(overhead, memMib);
}

/** The same in words: `2048 MiB`, or `3104 MiB (2048 and 1056 for its VMM)`. */
export function hostMemText(memMib: number, overhead: MemOverhead): string {
  const total = hostMemMib(memMib, overhead);
  return total === memMib ? `${memMib} MiB` : `${total} MiB (${memMib} and ${total - memMib} for its VMM)`;
}
