/** How many there are, in words. Pure. */
import type { InstanceCounts } from "@mvm/core";
import type * as z from "zod";

/** `1 tenant`, `2 tenants`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** How many instances are as they should be, and what the others are. */
export function countsText(counts: z.infer<typeof InstanceCounts>): string {
  const { total, wanted_running: wanted, ready, held_stopped: held, troubled } = counts;
  const unwanted = total - wanted - held;
  const parts = [
    wanted > 0 ? `${ready} of ${wanted} ready` : "",
    held > 0 ? `${held} held stopped` : "",
    unwanted > 0 ? `${unwanted} not wanted` : "",
    troubled > 0 ? `${troubled} in trouble` : "",
  ];
  return parts.filter((part) => part !== "").join(", ") || "none";
}
