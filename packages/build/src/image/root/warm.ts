/**
 * Fills an application's compile cache inside the image's tree (profile's `warm`): V8's cache is
 * good only for the path, Node, user and file times that it was made with, so it is made where it
 * will be used. Called by the image build once the tree's times are set.
 */
import { MvmError, type CommandRunner, type WarmDeclaration } from "@mvm/core";
import { confinedArgv } from "./confined.ts";

const START_TIMEOUT_MS = 30_000;

export interface WarmRequest {
  readonly tree: string;
  /** Directory of enter-tree and warm-run.mjs. */
  readonly buildDir: string;
  readonly warm: WarmDeclaration;
  readonly onLine: (line: string) => void;
  readonly signal?: AbortSignal;
}

/** @throws MvmError MVM_IMAGE_BUILD_FAILED with the end of what the application printed */
export async function warmTree(
  { tree, buildDir, warm, onLine, signal }: WarmRequest,
  commands: CommandRunner,
): Promise<void> {
  try {
    await commands.run({
      argv: confinedArgv(buildDir, tree, ["/usr/lib/mvm/node", "/run/build/warm-run.mjs"]),
      stdin: JSON.stringify(warm),
      timeoutMs: START_TIMEOUT_MS + warm.runs * warm.timeout_seconds * 1000,
      onLine,
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (cause) {
    signal?.throwIfAborted();
    throw new MvmError("MVM_IMAGE_BUILD_FAILED", {
      message: `${warm.command.join(" ")} could not be run to fill its compile cache`,
      remedy: "See the details for what it printed; mend the profile's warm section.",
      cause,
      details: cause instanceof MvmError ? cause.details : {},
    });
  }
}
