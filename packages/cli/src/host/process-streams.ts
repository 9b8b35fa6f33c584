/**
 * This process's output and signals. A host adapter, loaded at every start: it imports nothing that
 * a command line without command would not need.
 */
import type { CliStreams } from "../context.ts";
import { Interrupted } from "../interrupted.ts";
import { standardOutput } from "./output.ts";

export function processStreams(): CliStreams {
  // A reader that has gone (`mvm instance list | head -1`) is no failure.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    throw error;
  });
  // A server whose log nobody reads any more goes on with its work.
  process.stderr.on("error", () => undefined);
  return {
    stdout: standardOutput(process.stdout),
    stderr: standardOutput(process.stderr),
    signal: interruptSignal(),
  };
}

/** Aborted by the first SIGINT or SIGTERM; the second ends the process at once. */
function interruptSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.on(name, () => {
      const reason = new Interrupted(name);
      if (controller.signal.aborted) process.exit(reason.exitCode);
      controller.abort(reason);
    });
  }
  return controller.signal;
}
