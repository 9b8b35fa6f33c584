/** What QEMU says of its VM's run state, and what that means for the driver's port. */
import { MvmError, type Clock } from "@mvm/core";
import * as z from "zod";
import type { VmState } from "../driver.ts";
import type { UnixSockets } from "../unix-sockets.ts";
import { openQmp } from "./qmp-session.ts";

const TIMEOUT_MS = 5_000;
const Answer = z.object({ status: z.string() });

export interface RunStatePorts {
  readonly clock: Clock;
  readonly sockets: UnixSockets;
}

/** Asks over the control socket. @throws MvmError MVM_VM_DRIVER when QEMU does not answer */
export async function observeRunState({ clock, sockets }: RunStatePorts, qmpPath: string): Promise<VmState> {
  const stream = await sockets.connect(qmpPath, { timeoutMs: TIMEOUT_MS });
  const qmp = await openQmp({ stream, clock, timeoutMs: TIMEOUT_MS });
  try {
    const answer = Answer.safeParse(await qmp.execute("query-status"));
    if (!answer.success)
      throw new MvmError("MVM_VM_DRIVER", { message: "QEMU told no run state", cause: answer.error });
    return vmState(answer.data.status);
  } finally {
    qmp.close();
  }
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
