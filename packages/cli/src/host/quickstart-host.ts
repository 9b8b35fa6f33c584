/** This machine as the quickstart uses it. A host adapter. */
import { createLinuxProcesses, hostProcesses, type NodeOnHost, remainsOfNode, tearDownNode } from "@mvm/agent";
import { nodeFiles, takeExclusiveLock } from "@mvm/core";
import type { NodeConfig, QuickstartHost } from "../commands/quickstart/host-port.ts";
import { findInstallation } from "./installation.ts";
import { thisMachine } from "./machine.ts";

/** @throws MvmError MVM_HOST_UNSUPPORTED outside a clone */
export function quickstartHost(): QuickstartHost {
  return {
    machine: thisMachine(),
    installation: findInstallation(),
    processes: createLinuxProcesses(),
    pid: process.pid,
    lock: takeExclusiveLock,
    listProcesses: () => hostProcesses(nodeFiles),
    remainsOfNode: (config) => remainsOfNode(nodeOnHost(config)),
    tearDownNode: (config) => tearDownNode(nodeOnHost(config)),
  };
}

function nodeOnHost({ node, network }: NodeConfig): NodeOnHost {
  return {
    mode: node.mode,
    stateDir: node.state_dir,
    runtimeDir: node.runtime_dir,
    keysDir: node.keys_dir,
    namePrefix: network.name_prefix,
    uidRange: node.uid_range,
  };
}
