/** What a wait looks at, for those that wait and those that show it. */
import type { InstanceView } from "@mvm/core";
import type { Outcome } from "./outcome.ts";

/** What is waited for, judged from each new look at the instances. */
export interface Watched {
  readonly id: string;
  /** The instance, when there is one to show the state's age of. */
  readonly view: InstanceView | null;
  readonly outcome: Outcome;
}

/** A node that has more to do. */
export interface NodeWork {
  readonly node: string;
  readonly what: string;
}
