/** What a check of the host is: a promise, and a pure judgement of what was observed. */
import type { NodeFacts } from "./node-facts.ts";

export interface Finding {
  readonly status: "ok" | "warn" | "missing";
  /** What was seen, in one clause. */
  readonly seen: string;
  /** The command or edit that mends it; null when all is well. */
  readonly remedy: string | null;
}

export interface Check {
  readonly name: string;
  /** What hangs on it, one sentence. */
  readonly promise: string;
  /** Where a host without it is refused; in development production's promises are relaxed, and told. */
  readonly neededIn: "every mode" | "production";
  readonly judge: (facts: NodeFacts) => Finding;
}

export function ok(seen: string): Finding {
  return { status: "ok", seen, remedy: null };
}

export function warn(seen: string, remedy: string): Finding {
  return { status: "warn", seen, remedy };
}

export function missing(seen: string, remedy: string): Finding {
  return { status: "missing", seen, remedy };
}
