/**
 * Judges a host by what was observed of it: which promises of a mode it can keep. Pure; `mvm node
 * check` prints the answer, and an agent starts by it or not at all.
 */
import type { NodeCheck, NodeMode } from "@mvm/core";
import { missing, ok, type Finding } from "../finding.ts";
import type { DriverFingerprint } from "../vmm/driver.ts";
import type { Check } from "./check.ts";
import { dataChecks } from "./data-checks.ts";
import { hostChecks } from "./host-checks.ts";
import type { NodeFacts } from "./node-facts.ts";
import { programChecks } from "./program-checks.ts";

const checks: readonly Check[] = [...programChecks, ...dataChecks, ...hostChecks];

/**
 * Every check in a fixed order, the mode's driver first. `missing` only where the mode can't do without.
 * @param driver what the driver of that mode says of this host
 */
export function judgeNode(facts: NodeFacts, driver: DriverFingerprint, mode: NodeMode): readonly NodeCheck[] {
  const judged = checks.map((check): NodeCheck => {
    const { name, promise } = check;
    return { name, promise, ...relaxed(check.judge(facts), check, mode) };
  });
  return [{ name: "driver", promise: "VMs can be run here.", ...judgeDriver(driver, judged) }, ...judged];
}

/** What a check says as well is mended there: its remedy stands once. */
function judgeDriver(
  { name, version, acceleration, unusable }: DriverFingerprint,
  judged: readonly NodeCheck[],
): Finding {
  if (unusable === null)
    return ok(`${name} ${version}, ${acceleration === "kvm" ? "guests under KVM" : "guests emulated"}`);
  const same = judged.find(({ status, seen }) => status !== "ok" && seen === unusable.reason);
  return missing(`${name}: ${unusable.reason}`, same === undefined ? unusable.remedy : `See ${same.name}.`);
}

function relaxed(finding: Finding, { neededIn }: Check, mode: NodeMode): Finding {
  const isRelaxed = finding.status === "missing" && mode === "development" && neededIn === "production";
  return isRelaxed ? { ...finding, status: "warn" } : finding;
}
