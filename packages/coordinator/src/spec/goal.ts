/** What the spec asks of an instance, its hold included. Pure. */
import type { InstanceRow } from "@mvm/core";

export function goalOf(instance: Pick<InstanceRow, "wanted" | "hold">): InstanceRow["wanted"] {
  return instance.wanted === "destroyed" ? "destroyed" : (instance.hold?.wanted ?? instance.wanted);
}
