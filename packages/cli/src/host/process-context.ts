/** The context of a command that runs in this process: ports over this machine. A host adapter. */
import { nodeClock, nodeFiles } from "@mvm/core";
import type { CliStreams, MachineContext } from "../context.ts";
import { claimedUser } from "./claimed-user.ts";
import { standardInput } from "./input.ts";
import { systemdServiceManager } from "./service-manager.ts";

export function processContext(streams: CliStreams): MachineContext {
  return {
    ...streams,
    cwd: process.cwd(),
    isRoot: process.geteuid?.() === 0,
    claimedBy: claimedUser(process.env),
    stdin: standardInput(process.stdin, {
      prompts: process.stderr,
      signal: streams.signal,
      interrupt: () => void process.kill(process.pid, "SIGINT"),
    }),
    clock: nodeClock,
    files: nodeFiles,
    serviceManager: systemdServiceManager(process.env),
  };
}
