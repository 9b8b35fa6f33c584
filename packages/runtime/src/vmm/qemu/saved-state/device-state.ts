/**
 * Device and processor state of a stopped VM, out of QEMU and into a new one, by a migration that
 * leaves the guest's memory in its file.
 *
 * QEMU can't start programs or open files, and sees an empty directory. So state goes out through a
 * socket that stands there for that moment, and in through one that QEMU opened while it was root.
 */
import { MvmError, type Clock, type Files } from "@mvm/core";
import * as z from "zod";
import type { UnixSockets } from "../../ports/unix-sockets.ts";
import type { VmHandle } from "../../driver.ts";
import { MAX_STATE_BYTES } from "../../snapshot-obstacle.ts";
import type { Qmp } from "../qmp/session.ts";
import { withinLimit } from "../time-limit.ts";
import { OUTGOING_INSIDE, vmPaths } from "../vm-paths.ts";

const TIMEOUT_MS = 30_000;
const POLL_MS = 2;

export interface DeviceStatePorts {
  readonly clock: Clock;
  readonly files: Files;
  readonly sockets: UnixSockets;
}

/** Of a paused VM. @throws MvmError MVM_VM_DRIVER */
export async function saveDeviceState(ports: DeviceStatePorts, qmp: Qmp, vm: VmHandle): Promise<Buffer> {
  const { clock, files, sockets } = ports;
  const { outgoing } = vmPaths(vm);
  // Left by an agent that died while it saved.
  await files.remove(outgoing);
  const inlet = await sockets.openInlet(outgoing, { maxBytes: MAX_STATE_BYTES });
  try {
    await files.chmod(outgoing, 0o600);
    await files.chown(outgoing, vm.uid, vm.uid);
    await leaveMemoryInItsFile(qmp);
    await qmp.execute("migrate", { uri: `unix:${OUTGOING_INSIDE}` });
    const whole = Promise.all([inlet.received, migrated(clock, qmp)]);
    const [state] = await withinLimit(clock, { timeoutMs: TIMEOUT_MS, onLate: () => lateError("save") }, whole);
    return state;
  } finally {
    inlet.close();
  }
}

export interface Incoming {
  /** The socket on which a QEMU that was started for it listens. */
  readonly path: string;
  readonly state: Buffer;
  readonly signal: AbortSignal | undefined;
}

/** Resolves when the VM stands as it was saved. @throws MvmError MVM_VM_DRIVER; QEMU may have ended then */
export async function loadDeviceState(ports: DeviceStatePorts, qmp: Qmp, incoming: Incoming): Promise<void> {
  const { clock, sockets } = ports;
  const { path, state, signal } = incoming;
  await leaveMemoryInItsFile(qmp);
  const stream = await sockets.connect(path, { timeoutMs: TIMEOUT_MS });
  try {
    stream.end(state);
    const limit = { timeoutMs: TIMEOUT_MS, onLate: () => lateError("load"), signal };
    await withinLimit(clock, limit, migrated(clock, qmp));
  } finally {
    stream.destroy();
  }
}

async function leaveMemoryInItsFile(qmp: Qmp): Promise<void> {
  await qmp.execute("migrate-set-capabilities", { capabilities: [{ capability: "x-ignore-shared", state: true }] });
}

/** Before it has begun a migration has no status. */
const Progress = z.object({ status: z.string().optional(), "error-desc": z.string().optional() });

async function migrated(clock: Clock, qmp: Qmp): Promise<void> {
  for (;;) {
    const progress = Progress.safeParse(await qmp.execute("query-migrate"));
    if (!progress.success)
      throw new MvmError("MVM_VM_DRIVER", { message: "QEMU told no progress", cause: progress.error });
    const { status, "error-desc": reason } = progress.data;
    if (status === "completed") return;
    if (status === "failed" || status === "cancelled")
      throw new MvmError("MVM_VM_DRIVER", {
        message: "QEMU could not move the VM's device state",
        details: { reason: reason ?? status },
      });
    await clock.sleep(POLL_MS);
  }
}

function lateError(what: "save" | "load"): MvmError {
  return new MvmError("MVM_VM_DRIVER", {
    message: `QEMU did not ${what} the VM's device state within ${TIMEOUT_MS} ms`,
    retry: "backoff",
  });
}
