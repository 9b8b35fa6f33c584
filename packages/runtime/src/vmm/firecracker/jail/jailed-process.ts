/**
 * A jailed Firecracker process: started through the jailer, found by the pid that the jailer notes, and
 * its log. The jailer ends before Firecracker answers; nothing ties the VMM to this program.
 */
import {
  isMvmError,
  MvmError,
  type Clock,
  type CommandRunner,
  type Files,
  type ProcessRef,
  type Processes,
} from "@mvm/core";
import type { JailPaths } from "./jail-paths.ts";

/** The jailer copies the VMM's program and sets everything up: a quarter of a second, more on a busy host. */
const JAILER_TIMEOUT_MS = 30_000;
const PID_TIMEOUT_MS = 30_000;
const POLL_MS = 2;
const MAX_PID_BYTES = 32;
const STDERR_CHARS = 1_000;

export interface JailedProcessPorts {
  readonly clock: Clock;
  readonly commands: CommandRunner;
  readonly files: Files;
  readonly processes: Processes;
}

export interface StartRequest {
  readonly argv: readonly [string, ...string[]];
  readonly paths: JailPaths;
  readonly signal?: AbortSignal | undefined;
}

/** @throws MvmError MVM_VM_DRIVER with the jailer's own words */
export async function startJailed(
  ports: JailedProcessPorts,
  { argv, paths, signal }: StartRequest,
): Promise<ProcessRef> {
  try {
    await ports.commands.run({ argv, timeoutMs: JAILER_TIMEOUT_MS, ...(signal === undefined ? {} : { signal }) });
  } catch (error) {
    signal?.throwIfAborted();
    throw refusedByJailer(error);
  }
  return notedProcess(ports, paths, signal);
}

async function notedProcess(
  { clock, files, processes }: JailedProcessPorts,
  { pidFile }: JailPaths,
  signal: AbortSignal | undefined,
): Promise<ProcessRef> {
  const deadline = clock.monotonicMs() + PID_TIMEOUT_MS;
  for (;;) {
    signal?.throwIfAborted();
    const text = (await files.read(pidFile, MAX_PID_BYTES))?.toString("utf8") ?? "";
    // The jailer writes it in one piece, without an end of line.
    if (/^\d+$/.test(text)) {
      const found = await processes.find(Number(text));
      if (found === null)
        throw new MvmError("MVM_VM_DRIVER", { message: "Firecracker ended as soon as it was started" });
      return found;
    }
    if (clock.monotonicMs() >= deadline)
      throw new MvmError("MVM_VM_DRIVER", { message: `the jailer started no process within ${PID_TIMEOUT_MS} ms` });
    await clock.sleep(POLL_MS, signal);
  }
}

function refusedByJailer(error: unknown): unknown {
  if (!isMvmError(error, "MVM_HOST_COMMAND_FAILED") && !isMvmError(error, "MVM_HOST_COMMAND_TIMEOUT")) return error;
  const stderr = typeof error.details["stderr"] === "string" ? error.details["stderr"].slice(0, STDERR_CHARS) : "";
  return new MvmError("MVM_VM_DRIVER", {
    message: "the jailer did not start Firecracker",
    cause: error,
    details: { stderr },
  });
}
