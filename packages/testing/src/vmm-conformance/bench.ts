/** What each case of the driver conformance suite gets: a place for VMs, and drivers to try on it. */
import type { TestContext } from "node:test";
import type { VmmDriver } from "@mvm/runtime";
import type { VmFixture } from "../vm-fixture.ts";

export interface Bench {
  /** The driver's name, as it gives it itself. */
  readonly name: string;
  readonly fixture: VmFixture;
  /** A new driver object, as after a start of the agent: it knows only what the journal keeps. */
  readonly start: () => VmmDriver;
}

/** @param context for a case that is made of several */
export type Case = readonly [what: string, body: (bench: Bench, context: TestContext) => Promise<void>];
