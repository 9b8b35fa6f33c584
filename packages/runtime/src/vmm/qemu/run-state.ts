/** What QEMU says of its VM's run state, and what that means for the driver's port. */
import { MvmError } from "@mvm/core";
import * as z from "zod";
import type { VmState } from "../driver.ts";
import { withQmp, type Qmp, type QmpPorts } from "./qmp-session.ts";

const TIMEOUT_MS = 5_000;
const Answer = z.object({ status: z.string() });

/** Asks over the control socket. @throws MvmError MVM_VM_DRIVER when QEMU does not answer */
export async function observeRunState(ports: QmpPorts, qmpPath: string): Promise<VmState> {
  return vmState(await withQmp(ports, { path: qmpPath, timeoutMs: TIMEOUT_MS }, runStateOf));
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
