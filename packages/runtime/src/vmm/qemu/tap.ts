/**
 * Looking for a VM's tap before QEMU opens it: started as root, QEMU would make a missing one and
 * run on, without a network and unknown to the rules.
 */
import { MvmError, isMvmError, type CommandRunner } from "@mvm/core";

const TIMEOUT_MS = 10_000;
/** linux/if_tun.h */
const IFF_TAP = 0x0002;

export interface TapRequest {
  readonly namespace: string;
  readonly tap: string;
  readonly uid: number;
}

/** @throws MvmError MVM_VM_DRIVER when there is no such tap in the namespace or it is not the VM's */
export async function requireTap(commands: CommandRunner, request: TapRequest): Promise<void> {
  const { namespace, tap, uid } = request;
  const [owner = -1, flags = 0] = (await attributes(commands, request)).trim().split("\n").map(Number);
  const reason = (flags & IFF_TAP) === 0 ? "is no tap" : owner !== uid ? `is not owned by uid ${uid}` : null;
  if (reason === null) return;
  throw new MvmError("MVM_VM_DRIVER", {
    message: `${tap} in the network namespace ${namespace} ${reason}`,
    details: { namespace, tap, uid, owner },
  });
}

/** The owner's uid and the kind's flags, from the sysfs that shows that namespace's devices. */
async function attributes(commands: CommandRunner, { namespace, tap }: TapRequest): Promise<string> {
  const sysfs = `/sys/class/net/${tap}`;
  const argv = ["ip", "netns", "exec", namespace, "cat", `${sysfs}/owner`, `${sysfs}/tun_flags`] as const;
  try {
    return (await commands.run({ argv, timeoutMs: TIMEOUT_MS })).stdout;
  } catch (cause) {
    if (!isMvmError(cause, "MVM_HOST_COMMAND_FAILED")) throw cause;
    throw new MvmError("MVM_VM_DRIVER", {
      message: `there is no tap ${tap} in the network namespace ${namespace}`,
      cause,
      details: { namespace, tap },
    });
  }
}
