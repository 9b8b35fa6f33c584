/** What must be there before an agent may run here, and what is missing of production's promises. Pure. */
import { MvmError } from "@mvm/core";
import type { DriverFingerprint } from "@mvm/runtime";
import type { AgentSettings } from "./settings.ts";

/** @throws MvmError MVM_HOST_NOT_ROOT, MVM_HOST_UNSUPPORTED naming what is missing */
export function requireSupported(
  { mode }: Pick<AgentSettings, "mode">,
  host: { readonly uid: number; readonly driver: DriverFingerprint },
): void {
  if (host.uid !== 0)
    throw new MvmError("MVM_HOST_NOT_ROOT", { message: `the agent needs root, it was started by uid ${host.uid}` });
  if (mode === "production") {
    throw new MvmError("MVM_HOST_UNSUPPORTED", {
      message: "mode 'production' needs the Firecracker driver with its jailer, which this version does not have",
      remedy: 'Set [node] mode = "development" to run guests under QEMU, with the relaxations that it prints.',
      details: { missing: ["firecracker", "jailer"] },
    });
  }
  const { unusable, name } = host.driver;
  if (unusable !== null)
    throw new MvmError("MVM_HOST_UNSUPPORTED", {
      message: `the ${name} driver can't run VMs here: ${unusable.reason}`,
      remedy: unusable.remedy,
    });
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
