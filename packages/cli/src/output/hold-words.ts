/** How long a hold lasts, in words. Pure. */
import { soonText, type InstanceView } from "@mvm/core";
import { durationText } from "./age.ts";

type Hold = NonNullable<InstanceView["hold"]>;

/** `for 30 min, until 20:45 UTC`. */
export function holdEnd({ until }: Pick<Hold, "until">, nowMs: number): string {
  if (until === null) return "until it is released";
  const leftMs = Date.parse(until) - nowMs;
  return `${leftMs > 0 ? `for ${durationText(leftMs)}, ` : ""}until ${soonText(until, nowMs)}`;
}
