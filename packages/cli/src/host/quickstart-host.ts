/** This machine as the quickstart uses it. A host adapter. */
import { createLinuxCommands, createLinuxProcesses, removeSecretsTmpfs } from "@mvm/agent";
import { nodeFiles } from "@mvm/core";
import type { QuickstartHost } from "../commands/quickstart/host-port.ts";
import { findInstallation } from "./installation.ts";
import { thisMachine } from "./machine.ts";

/** @throws MvmError MVM_HOST_UNSUPPORTED outside a clone */
export function quickstartHost(): QuickstartHost {
  const commands = createLinuxCommands();
  return {
    machine: thisMachine(),
    installation: findInstallation(),
    processes: createLinuxProcesses(),
    removeSecretsTmpfs: (path) => removeSecretsTmpfs(path, { files: nodeFiles, commands }),
  };
}
