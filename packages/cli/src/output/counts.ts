/** How many there are, in words. Pure. */
import type { InstanceCounts } from "@mvm/core";
import type * as z from "zod";

/** `1 tenant`, `2 tenants`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** How many instances are as they should be. */
export function countsText(counts: z.infer<typeof InstanceCounts>): string {
  const troubled = counts.troubled > 0 ? `, ${counts.troubled} in trouble` : "";
  const kept = counts.total > counts.wanted_running ? `, ${counts.total} in all` : "";
  return `${counts.ready} of ${counts.wanted_running} ready${kept}${troubled}`;
}
