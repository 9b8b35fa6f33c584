/**
 * What every adapter of the store port must do: one suite, run by each adapter's own test over real
 * databases. The cases lie in store-conformance/.
 */
import { test } from "node:test";
import { auditCases } from "./store-conformance/audit-cases.ts";
import { commandCases } from "./store-conformance/command-cases.ts";
import type { StoreUnderTest } from "./store-conformance/fixtures.ts";
import { fleetCases } from "./store-conformance/fleet-cases.ts";
import { refusalCases } from "./store-conformance/refusal-cases.ts";

/** Registers the suite's tests under `name`; `open` gives each a store of its own, empty. */
export function storeConformance(name: string, open: () => Promise<StoreUnderTest>): void {
  for (const [what, body] of [...fleetCases, ...refusalCases, ...commandCases, ...auditCases]) {
    void test(`${name}: ${what}`, async () => {
      const under = await open();
      try {
        await body(under.store, under);
      } finally {
        await under.cleanUp();
      }
    });
  }
}
