/** Who may run an agent, and what of production's promises this host does not keep. Pure. */
import { MvmError } from "@mvm/core";
import type { DriverFingerprint } from "@mvm/runtime";

/** @throws MvmError MVM_HOST_NOT_ROOT */
export function requireRoot(uid: number): void {
  if (uid === 0) return;
  throw new MvmError("MVM_HOST_NOT_ROOT", { message: `the agent needs root, it was started by uid ${uid}` });
}

/** @param swaps contents of /proc/swaps, null when it can't be read */
export function relaxationsOf(driver: DriverFingerprint, swaps: string | null): readonly string[] {
  const swapLines = (swaps ?? "").split("\n").slice(1);
  const isSwapOn = swapLines.some((line) => line.trim() !== "");
  return [
    ...driver.relaxations,
    ...(isSwapOn ? ["Swap is on: secrets and guest memory may reach the swap device in the clear."] : []),
  ];
}
