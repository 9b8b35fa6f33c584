/** This machine as the quickstart uses it. A host adapter. */
import { createLinuxProcesses, tearDownNode } from "@mvm/agent";
import type { QuickstartHost } from "../commands/quickstart/host-port.ts";
import { findInstallation } from "./installation.ts";
import { thisMachine } from "./machine.ts";

/** @throws MvmError MVM_HOST_UNSUPPORTED outside a clone */
export function quickstartHost(): QuickstartHost {
  return {
    machine: thisMachine(),
    installation: findInstallation(),
    processes: createLinuxProcesses(),
    tearDownNode: ({ node, network }) =>
      tearDownNode({ stateDir: node.state_dir, runtimeDir: node.runtime_dir, namePrefix: network.name_prefix }),
  };
}
