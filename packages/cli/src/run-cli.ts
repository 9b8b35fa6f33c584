/**
 * Runs one command line from its arguments to its exit code. Called by main.ts with the machine's
 * streams and ports and by tests with their own.
 */
import { nouns, plainCommands } from "./commands/tree.ts";
import type { CliContext, CliStreams } from "./context.ts";
import { Interrupted } from "./interrupted.ts";
import { runProgram, ShownHelp } from "./program.ts";
import { UsageProblem } from "./usage-problem.ts";
import { VERSION } from "./version.ts";

/** The exit code; everything is printed already. Never throws. */
export async function runCli(
  argv: readonly string[],
  streams: CliStreams,
  loadContext: () => Promise<CliContext>,
): Promise<number> {
  try {
    await runProgram(argv, { nouns, plain: plainCommands, version: VERSION, streams, loadContext });
    return 0;
  } catch (error) {
    if (error instanceof ShownHelp) return 0;
    return failed(error, argv, streams);
  }
}

async function failed(error: unknown, argv: readonly string[], { stderr, signal }: CliStreams): Promise<number> {
  const { exitCodeOf, isMvmError, MvmError } = await import("@mvm/core");
  const { printError } = await import("./output/error-printer.ts");
  // What is aborted rejects with the reason or with an error of its own: both are no failure.
  if (signal.reason instanceof Interrupted && !isMvmError(error)) {
    stderr.write("interrupted: what was asked for goes on in the background\n");
    return signal.reason.exitCode;
  }
  const known =
    error instanceof UsageProblem
      ? new MvmError("MVM_USAGE", { message: error.message, remedy: "See mvm --help." })
      : error;
  printError(stderr, known, argv.includes("--json"));
  return exitCodeOf(known);
}
