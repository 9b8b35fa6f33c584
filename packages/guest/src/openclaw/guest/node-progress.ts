/**
 * How far a worker's connection to its gateway has come, read from the lines that OpenClaw's node
 * host prints (2026.9). Pure.
 */
export type NodeProgress =
  | { readonly state: "starting" }
  | { readonly state: "connected" }
  | { readonly state: "disconnected"; readonly reason: string }
  /** The gateway does not know this worker (any more), or the setup code was no good: it needs another. */
  | { readonly state: "rejected"; readonly reason: string };

const REJECTED = /detail=(AUTH_[A-Z_]+|PAIRING_REQUIRED)/;
const CODE_EXPIRED = /Pairing setup code has expired|Invalid pairing setup/;
/** The first thing that a new process prints. */
const STARTED = /"message":"advertised commands: /;
const CONNECTED = /^node host gateway connected: /;
const FAILED = /^node host gateway connect failed: (.*)/;
const CLOSED = /^node host gateway closed \((\d+)\)/;

/** The progress after these lines, oldest first. */
export function nodeProgress(before: NodeProgress, lines: readonly string[]): NodeProgress {
  return lines.reduce(after, before);
}

function after(progress: NodeProgress, line: string): NodeProgress {
  if (CONNECTED.test(line)) return { state: "connected" };
  const rejected = REJECTED.exec(line)?.[1] ?? (CODE_EXPIRED.test(line) ? "the setup code has expired" : undefined);
  if (rejected !== undefined) return { state: "rejected", reason: rejected };
  if (STARTED.test(line)) return { state: "starting" };
  // What follows a rejection only repeats it.
  if (progress.state === "rejected") return progress;
  const failed = FAILED.exec(line)?.[1];
  if (failed !== undefined) return { state: "disconnected", reason: failed.slice(0, 200) };
  const closed = CLOSED.exec(line)?.[1];
  if (closed !== undefined) return { state: "disconnected", reason: `the connection was closed (${closed})` };
  return progress;
}
