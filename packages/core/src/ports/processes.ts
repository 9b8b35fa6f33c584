/**
 * The port to long-lived host processes: starting detached ones and looking at, signalling and
 * waiting for processes by pid *and* start time, so that a reused pid is never hit.
 */

/** A process that can't be confused with a later one of the same pid. */
export interface ProcessRef {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat: clock ticks since boot. */
  readonly startTicks: number;
}

export interface SpawnDetachedRequest {
  readonly argv: readonly [string, ...string[]];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Files that receive the output (created 0600, appended); default /dev/null. */
  readonly stdoutPath?: string;
  readonly stderrPath?: string;
  /**
   * Receives standard error instead of a file, until `until` is aborted; what is written after that,
   * or after this process's end, is lost. For programs that ignore SIGPIPE and whose output nobody bounds.
   */
  readonly stderrTap?: StderrTap;
}

export interface StderrTap {
  readonly onText: (text: string) => void;
  /** Nobody can write any more: the process has ended, and `onText` has had everything. */
  readonly onEnd: () => void;
  readonly until: AbortSignal;
}

/** What /proc says of a process: used to see that a VMM is confined as promised. */
export interface ProcessFacts {
  readonly uids: readonly [real: number, effective: number, saved: number, fs: number];
  readonly gids: readonly [real: number, effective: number, saved: number, fs: number];
  readonly groups: readonly number[];
  /** Hexadecimal masks of /proc/PID/status. */
  readonly capEffective: string;
  readonly capPermitted: string;
  readonly noNewPrivs: boolean;
  /** 0 off, 1 strict, 2 filter. */
  readonly seccomp: number;
  /** Target of /proc/PID/ns/net, such as `net:[4026532001]`. */
  readonly netNamespace: string;
  readonly rootDir: string;
  readonly cmdline: readonly string[];
  readonly rssBytes: number;
}

export interface Processes {
  /** Starts a process in a session of its own that outlives this one; returns once it exists. */
  spawnDetached(request: SpawnDetachedRequest): Promise<ProcessRef>;
  /** The live process of that pid, or null. */
  find(pid: number): Promise<ProcessRef | null>;
  isAlive(ref: ProcessRef): Promise<boolean>;
  /** Sends a signal if that very process lives; false when it does not. */
  signal(ref: ProcessRef, signal: "SIGTERM" | "SIGKILL" | "SIGINT"): Promise<boolean>;
  /** Resolves true when it is gone, false at the deadline or when `signal` is aborted. */
  waitGone(ref: ProcessRef, timeoutMs: number, signal?: AbortSignal): Promise<boolean>;
  /** Facts of a live process, null when it is gone. */
  facts(ref: ProcessRef): Promise<ProcessFacts | null>;
  /** All live processes whose real uid is `uid`. */
  ofUid(uid: number): Promise<readonly ProcessRef[]>;
}
