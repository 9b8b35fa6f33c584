/**
 * Ends a command's child before it ends by itself: asks its whole group, kills it, and gives up on
 * what does not die even then, a process that hangs in the kernel. Used by the command port only;
 * whoever waits for a command is free a bounded time after its deadline.
 */
import type { ChildProcessByStdio } from "node:child_process";
import type { Readable, Writable } from "node:stream";

/** Between asking a group to end and killing it: time to undo mounts and locks. */
const KILL_GRACE_MS = 1_000;
/** Between killing and giving up: time for the kernel to reap it. */
const REAP_GRACE_MS = 1_000;

export type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/** How it ended, as far as that is known. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Signals every member of the group that the child of that pid leads. */
export type KillGroup = (pid: number, signal: "SIGTERM" | "SIGKILL") => void;

/** Why a command was ended before it ended by itself. */
export type Stop =
  | { readonly why: "timeout" }
  | { readonly why: "output" }
  | { readonly why: "abort"; readonly reason: unknown };

export interface Stopper {
  /** Ends the process group; the first reason counts. */
  stop(stop: Stop): void;
  stopped(): Stop | null;
  /** Resolves when the child was killed and has not ended even so; it is left to the kernel then. */
  readonly gaveUp: Promise<Ending>;
  release(): void;
}

export function stopperOf(child: Child, killGroup: KillGroup): Stopper {
  let stopped: Stop | null = null;
  let grace: NodeJS.Timeout | undefined;
  const gaveUp = Promise.withResolvers<Ending>();

  function kill(): void {
    signalGroup("SIGKILL");
    // A descendant that left the group may hold the pipes open; nothing more is read or written.
    for (const pipe of [child.stdin, child.stdout, child.stderr]) pipe.destroy();
    grace = setTimeout(giveUp, REAP_GRACE_MS);
  }

  function giveUp(): void {
    child.unref();
    gaveUp.resolve({ code: null, signal: null });
  }

  /** The group lives as long as any member does, so its id is not reused before. */
  function signalGroup(signal: "SIGTERM" | "SIGKILL"): void {
    if (child.pid === undefined) return;
    try {
      killGroup(child.pid, signal);
    } catch {
      // Every member has ended already.
    }
  }

  return {
    stop(stop) {
      if (stopped !== null) return;
      stopped = stop;
      signalGroup("SIGTERM");
      grace = setTimeout(kill, KILL_GRACE_MS);
    },
    stopped: () => stopped,
    gaveUp: gaveUp.promise,
    release: () => clearTimeout(grace),
  };
}
