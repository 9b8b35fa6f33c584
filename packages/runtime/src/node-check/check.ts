/** What a check of the host is: a promise, and a pure judgement of what was observed. */
import type { Finding } from "../finding.ts";
import type { NodeFacts } from "./node-facts.ts";

export interface Check {
  readonly name: string;
  /** What hangs on it, one sentence. */
  readonly promise: string;
  /** Where a host without it is refused; in development production's promises are relaxed, and told. */
  readonly neededIn: "every mode" | "production";
  readonly judge: (facts: NodeFacts) => Finding;
}
