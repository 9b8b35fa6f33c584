/** Asking before something is erased. */
import { MvmError } from "@mvm/core";
import type { CommandInput } from "../command-input.ts";
import type { CliContext } from "../context.ts";

/**
 * Returns when the operator agrees: --yes, or the name typed on a terminal.
 * @param what what goes, in words: `instance acme-gw-0 with its data`
 * @param name what has to be typed
 * @throws MvmError MVM_USAGE without terminal and --yes, or when something else is typed
 */
export async function confirmDestroy(
  context: CliContext,
  input: CommandInput,
  { what, name }: { readonly what: string; readonly name: string },
): Promise<void> {
  if (input.flag("yes")) return;
  if (!context.stdin.isTty) {
    throw new MvmError("MVM_USAGE", {
      message: `this erases ${what}: nobody can be asked without a terminal`,
      remedy: "Say --yes.",
    });
  }
  context.stderr.write(`This erases ${what}. It can't be undone.\n`);
  const typed = await context.stdin.ask(`Type ${name} to go on: `);
  if (typed.trim() !== name)
    throw new MvmError("MVM_USAGE", {
      message: `'${typed.trim()}' is not '${name}': nothing was erased`,
      remedy: "Run the command again and type the name.",
    });
}
