/**
 * When a run of the lab may be reported: a report is of everything, or there is none. Pure; asked by
 * run-lab.ts, before the suite and after it.
 */
import type { Need } from "@mvm/testing";

import type { SuiteReport } from "../../suite-report.ts";

/** What every lab host has: a test that misses one of them tells of a broken lab, not of a poor machine. */
const ALWAYS_THERE: readonly Need[] = ["root", "network", "volumes", "images", "device-mapper", "units"];

export interface LabScope {
  /** Part of the names that were asked for; null: all of them. */
  readonly only: string | null;
  readonly hasFirecracker: boolean;
}

/** Needs for whose lack no test may be skipped inside the lab host. */
function neverSkipped({ hasFirecracker }: Pick<LabScope, "hasFirecracker">): readonly Need[] {
  return hasFirecracker ? [...ALWAYS_THERE, "firecracker"] : ALWAYS_THERE;
}

/** MVM_REQUIRE inside the lab host. @param callers what whoever started the lab requires besides */
export function requiredInLab(scope: Pick<LabScope, "hasFirecracker">, callers = ""): string {
  const named = callers.split(",").filter((need) => need !== "");
  return [...new Set([...neverSkipped(scope), ...named])].join(",");
}

/** Why a run in which nothing failed is not reported; null: it is. */
export function noReportBecause({ only, hasFirecracker }: LabScope, suite: SuiteReport): string | null {
  if (only !== null) return "only a part was run";
  if (!hasFirecracker) return "without MVM_FIRECRACKER_DIR nothing of the Firecracker driver was seen";
  if (suite.counts.pass === 0) return `no test has passed: ${suite.skippedWhole ?? "all were skipped"}`;
  const lacking = neverSkipped({ hasFirecracker }).filter((need) =>
    suite.skipped.some(({ reason }) => reason.startsWith(`${need}: `)),
  );
  return lacking.length === 0 ? null : `tests were skipped for want of ${lacking.join(", ")}`;
}
