/** The files that the QEMU driver makes in a VM's own directories: all of them, so that all are removed. Pure. */
import { join } from "node:path";
import type { VmPlace } from "../driver.ts";

const OUTGOING = "outgoing.sock";
/** The same socket as QEMU sees it, from inside its root directory. */
export const OUTGOING_INSIDE = `/${OUTGOING}`;

export interface VmPaths {
  readonly qmp: string;
  readonly console: string;
  readonly guest: string;
  /** Where the guest channel's socket is while the VM is paused: nobody finds it. */
  readonly guestAside: string;
  /** Where a restored VM's device state goes in. */
  readonly incoming: string;
  /** An empty directory: all that the VMM sees of the file system once the guest runs. */
  readonly root: string;
  /** In there, for as long as the VM is saved: where its device state comes out. */
  readonly outgoing: string;
  /** Guest memory: as secret as what the guest knows. */
  readonly memory: string;
}

export function vmPaths({ runDir, stateDir }: Pick<VmPlace, "runDir" | "stateDir">): VmPaths {
  return {
    qmp: join(runDir, "qmp.sock"),
    console: join(runDir, "console.sock"),
    guest: join(runDir, "guest.sock"),
    guestAside: join(runDir, "guest-aside.sock"),
    incoming: join(runDir, "incoming.sock"),
    root: join(runDir, "root"),
    outgoing: join(runDir, "root", OUTGOING),
    memory: join(stateDir, "memory"),
  };
}
