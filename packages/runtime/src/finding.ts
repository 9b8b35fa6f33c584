/** What a look at the host found of one promise. Pure; made by the node check and by drivers. */

export interface Finding {
  readonly status: "ok" | "warn" | "missing";
  /** What was seen, in one clause. */
  readonly seen: string;
  /** The command or edit that mends it; null when all is well. */
  readonly remedy: string | null;
}

/** One that something can't do without. */
export interface Obstacle extends Finding {
  readonly status: "missing";
  readonly remedy: string;
}

export function ok(seen: string): Finding {
  return { status: "ok", seen, remedy: null };
}

export function warn(seen: string, remedy: string): Finding {
  return { status: "warn", seen, remedy };
}

export function missing(seen: string, remedy: string): Obstacle {
  return { status: "missing", seen, remedy };
}

export function isObstacle(finding: Finding): finding is Obstacle {
  return finding.status === "missing";
}
