/** The files that the QEMU driver makes in a VM's own directories: all of them, so that all are removed. Pure. */
import { join } from "node:path";
import type { VmPlace } from "../driver.ts";

export interface VmPaths {
  readonly qmp: string;
  readonly console: string;
  readonly guest: string;
  /** An empty directory: all that the VMM sees of the file system once the guest runs. */
  readonly root: string;
  /** Guest memory: as secret as what the guest knows. */
  readonly memory: string;
}

export function vmPaths({ runDir, stateDir }: Pick<VmPlace, "runDir" | "stateDir">): VmPaths {
  return {
    qmp: join(runDir, "qmp.sock"),
    console: join(runDir, "console.sock"),
    guest: join(runDir, "guest.sock"),
    root: join(runDir, "root"),
    memory: join(stateDir, "memory"),
  };
}
