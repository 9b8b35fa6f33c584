/** The doing around snapshot-obstacle.ts: looks at a snapshot's files and refuses what can't be restored. */
import { MvmError, type Files } from "@mvm/core";
import type { VmRestore } from "./driver.ts";
import { snapshotObstacle, type RestoreFacts } from "./snapshot-obstacle.ts";

/**
 * Asked once nothing is left of the VM itself: an earlier restore that was cut short holds the memory until then.
 * @throws MvmError MVM_VM_DRIVER
 */
export async function requireRestorable(
  files: Pick<Files, "stat">,
  { id, memMib, snapshot }: Pick<VmRestore, "id" | "memMib" | "snapshot">,
  vmm: RestoreFacts["vmm"],
): Promise<void> {
  const [memory, state] = [await files.stat(snapshot.memory_path), await files.stat(snapshot.state_path)];
  const obstacle = snapshotObstacle(snapshot, { vmm, memory, state, memMib });
  if (obstacle === null) return;
  throw new MvmError("MVM_VM_DRIVER", {
    message: `${id} can't be restored: ${obstacle}`,
    remedy: "Start the instance cold, or with the VMM that saved it.",
    details: { snapshot },
  });
}
