/** The QEMU driver on real VMs, held to the suite of all drivers. */
import { nodeClock, nodeFiles } from "@mvm/core";
import { vmmConformance } from "@mvm/testing";
import { createLinuxCommands } from "../../host/commands.ts";
import { createLinuxProcesses } from "../../host/processes.ts";
import { createUnixSockets } from "../../host/unix-sockets.ts";
import { createQemuDriver } from "./qemu-driver.ts";

await vmmConformance({
  name: "qemu",
  needs: ["qemu"],
  open: ({ nodeDir }) =>
    createQemuDriver({
      commands: createLinuxCommands(),
      processes: createLinuxProcesses(),
      sockets: createUnixSockets(),
      files: nodeFiles,
      clock: nodeClock,
      stateDir: nodeDir,
    }),
});
