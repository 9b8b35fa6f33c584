/** The limits of a VM's control group, as files with their contents, and what of them is not in force. Pure. */
import { hostMemMib } from "@mvm/core";
import type { VmLaunch } from "../../driver.ts";
import { FIRECRACKER_MEM_OVERHEAD } from "../suitability/mem-overhead.ts";

const MIB = 1024 * 1024;
const PERIOD_US = 100_000;
/** Besides one thread a vCPU: the VMM, its API, KVM's worker in the kernel, and what the jailer is on its way to it. */
const OTHER_TASKS = 6;

export interface LimitFile {
  /** Name of the control file. */
  readonly file: string;
  readonly value: string;
}

/** @param dataDevice `major:minor` of the device behind the data drive, null when there is none */
export function limitFiles(
  { vcpus, memMib, limits = {} }: Pick<VmLaunch, "vcpus" | "memMib" | "limits">,
  dataDevice: string | null,
): readonly LimitFile[] {
  const { cpuPercent = vcpus * 100, diskBytesPerSecond, diskOpsPerSecond } = limits;
  const isDiskLimited = diskBytesPerSecond !== undefined || diskOpsPerSecond !== undefined;
  const bytes = diskBytesPerSecond ?? "max";
  const ops = diskOpsPerSecond ?? "max";
  return [
    { file: "memory.max", value: String(hostMemMib(memMib, FIRECRACKER_MEM_OVERHEAD) * MIB) },
    { file: "memory.swap.max", value: "0" },
    // One victim would leave half a VMM.
    { file: "memory.oom.group", value: "1" },
    { file: "cpu.max", value: `${Math.round((cpuPercent / 100) * PERIOD_US)} ${PERIOD_US}` },
    { file: "pids.max", value: String(vcpus + OTHER_TASKS) },
    ...(isDiskLimited && dataDevice !== null
      ? [{ file: "io.max", value: `${dataDevice} rbps=${bytes} wbps=${bytes} riops=${ops} wiops=${ops}` }]
      : []),
  ];
}

/** Whether a control file, as read back, says what was written to it. */
export function isInForce({ file, value }: LimitFile, readBack: string): boolean {
  // io.max lists one device a line; all others hold their value alone.
  return file === "io.max" ? readBack.split("\n").includes(value) : readBack.trim() === value;
}
