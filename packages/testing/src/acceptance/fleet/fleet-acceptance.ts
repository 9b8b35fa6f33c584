/**
 * The whole path with `probe` VMs: two tenants from a fleet file, isolation by real packets, state
 * on the data drive, secrets, crashes of the agent, destruction. Every claim is seen in a guest or
 * on the host, by looking. One suite, run in either mode by a test file of its own.
 */
import { after, before, describe, test } from "node:test";
import { type Need, requires } from "../../requirements.ts";
import { type FleetBench, type FleetBenchOptions, openFleetBench } from "./fleet-bench.ts";
import { lifeCases } from "./life-cases.ts";
import { networkCases } from "./network-cases.ts";
import { operatorCases } from "./operator-cases.ts";

export interface FleetAcceptance extends FleetBenchOptions {
  /** What the mode needs of a machine, beyond root, namespaces and an image. */
  readonly needs: readonly Need[];
  readonly timeoutMs: number;
}

/** Registers the suite's tests; skipped, with the reason, where the machine lacks something. */
export async function fleetAcceptance({ needs, timeoutMs: timeout, ...options }: FleetAcceptance): Promise<void> {
  const skip = await requires("root", "network", "volumes", "images", ...needs);
  void describe(`two tenants of probe VMs in mode ${options.mode}`, { skip, timeout }, () => {
    let bench: FleetBench;
    before(async () => {
      bench = await openFleetBench(options);
    });
    after(() => bench.close());
    for (const [what, body] of [...networkCases, ...lifeCases, ...operatorCases]) void test(what, () => body(bench));
  });
}
