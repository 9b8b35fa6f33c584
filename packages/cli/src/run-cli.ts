/**
 * Runs one command line from its arguments to its exit code. Called by main.ts with the machine's
 * streams and ports and by tests with their own.
 */
import { nouns, plainCommands } from "./commands/tree.ts";
import type { CliStreams, MachineContext } from "./context.ts";
import { Interrupted } from "./interrupted.ts";
import { type AskedCommand, parseCommandLine } from "./program.ts";
import { UsageProblem } from "./usage-problem.ts";
import { VERSION } from "./version.ts";

const TREE = { nouns, plain: plainCommands, version: VERSION };

/** How far a command line came. */
interface Progress {
  command: AskedCommand | null;
  isChangeSent: boolean;
}

/** The exit code; everything is printed already. Never throws. */
export async function runCli(
  argv: readonly string[],
  streams: CliStreams,
  loadContext: () => Promise<MachineContext>,
): Promise<number> {
  const progress: Progress = { command: null, isChangeSent: false };
  try {
    const command = parseCommandLine(argv, TREE, streams.stdout);
    if (command === null) return 0;
    progress.command = command;
    const [run, machine] = await Promise.all([command.spec.load(), loadContext()]);
    await run({ ...machine, noteChange: () => void (progress.isChangeSent = true) }, command.input);
    return 0;
  } catch (error) {
    const { exitCodeOf, isMvmError } = await import("@mvm/core");
    const { signal, stderr } = streams;
    // What is aborted rejects with the reason or with an error of its own: both are no failure.
    if (signal.reason instanceof Interrupted && !isMvmError(error)) {
      stderr.write(interruptedText(progress));
      return signal.reason.exitCode;
    }
    const known = error instanceof UsageProblem ? await usageError(error, progress) : error;
    const { printError } = await import("./output/error-printer.ts");
    printError(stderr, known, argv.includes("--json"));
    return exitCodeOf(known);
  }
}

/** Empty for a command that only looks. */
function interruptedText({ command, isChangeSent }: Progress): string {
  const words = command?.spec.interrupted?.(command.input);
  return words === undefined ? "" : `interrupted: ${isChangeSent ? words.after : words.before}\n`;
}

async function usageError(problem: UsageProblem, { command }: Progress): Promise<Error> {
  const { MvmError } = await import("@mvm/core");
  const help = ["mvm", problem.command ?? command?.name ?? "", "--help"].filter((word) => word !== "").join(" ");
  return new MvmError("MVM_USAGE", { message: problem.message, remedy: `See ${help}.` });
}
