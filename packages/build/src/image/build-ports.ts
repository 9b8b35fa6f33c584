/** What an image build needs of the host, and what it tells while it works. */
import type { CommandRunner, Files } from "@mvm/core";

export interface BuildLock {
  /**
   * Resolves once nobody else holds the lock at `path`; the lock ends with the process at the latest.
   * @param options.onWait called whenever another build is still at it
   */
  hold(
    path: string,
    options: { readonly onWait: () => void; readonly signal?: AbortSignal },
  ): Promise<{ release(): void }>;
}

export interface BuildPorts {
  readonly commands: CommandRunner;
  readonly files: Files;
  readonly lock: BuildLock;
}

/** The parts of a build: kernel, debian and npm go side by side, the others one after the other. */
export type BuildStep = "wait" | "kernel" | "debian" | "npm" | "tree" | "warm" | "pack" | "publish";

/** Called when a step begins and whenever there is more to say of it: a short text for people. */
export type BuildProgress = (step: BuildStep, detail: string) => void;
