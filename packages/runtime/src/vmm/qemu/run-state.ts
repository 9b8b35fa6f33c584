/** Which process a VM's is, and what QEMU says of its run state: for a driver that knows only a handle. */
import { isMvmError, MvmError } from "@mvm/core";
import * as z from "zod";
import type { VmHandle, VmState } from "../driver.ts";
import { isSocketOption } from "./argv.ts";
import type { QemuPorts } from "./driver-parts.ts";
import { withQmp, type Qmp, type QmpPorts } from "./qmp/session.ts";
import { vmPaths } from "./vm-paths.ts";

const TIMEOUT_MS = 5_000;
const Answer = z.object({ status: z.string() });

/** Whether the process of that handle lives and is that VM's VMM: its user, and its control socket in its argv. */
export async function isThatVm({ processes }: Pick<QemuPorts, "processes">, handle: VmHandle): Promise<boolean> {
  const facts = await processes.facts(handle.process);
  if (facts?.uids[0] !== handle.uid) return false;
  return facts.cmdline.some((word) => isSocketOption(word, vmPaths(handle).qmp));
}

export async function observeState(
  ports: QmpPorts & { readonly processes: Pick<QemuPorts["processes"], "isAlive"> },
  handle: VmHandle,
): Promise<VmState> {
  const { processes } = ports;
  if (!(await processes.isAlive(handle.process))) return "gone";
  try {
    return vmState(await withQmp(ports, { path: vmPaths(handle).qmp, timeoutMs: TIMEOUT_MS }, runStateOf));
  } catch (error) {
    if (!isMvmError(error, "MVM_VM_DRIVER")) throw error;
    return (await processes.isAlive(handle.process)) ? "unresponsive" : "gone";
  }
}

/** QEMU's own word for it. */
export async function runStateOf(qmp: Qmp): Promise<string> {
  const answer = Answer.safeParse(await qmp.execute("query-status"));
  if (!answer.success) throw new MvmError("MVM_VM_DRIVER", { message: "QEMU told no run state", cause: answer.error });
  return answer.data.status;
}

/** QEMU's run states (qapi/run-state.json): only one of them executes guest code. */
export function vmState(status: string): VmState {
  switch (status) {
    case "running":
      return "running";
    case "shutdown":
      return "shut-down";
    case "io-error":
      return "disk-failed";
    // Stopped by QEMU itself: its own failure, a dead kernel.
    case "internal-error":
    case "guest-panicked":
      return "unresponsive";
    default:
      return "paused";
  }
}
