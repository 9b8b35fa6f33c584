/** Who may run an agent, and what of production's promises this host does not keep. Pure. */
import { MvmError, type NodeCheck, type NodeCheckReport } from "@mvm/core";
import type { DriverFingerprint } from "@mvm/runtime";

/** @throws MvmError MVM_HOST_NOT_ROOT */
export function requireRoot(uid: number): void {
  if (uid === 0) return;
  throw new MvmError("MVM_HOST_NOT_ROOT", { message: `the agent needs root, it was started by uid ${uid}` });
}

/**
 * What the driver itself does not give, then each warning of the node check that says more than that.
 * @param report the one that the agent started by
 */
export function relaxationsOf(
  { relaxations }: Pick<DriverFingerprint, "relaxations">,
  { checks }: Pick<NodeCheckReport, "checks">,
): readonly string[] {
  const isTold = ({ seen }: NodeCheck): boolean => relaxations.some((relaxation) => seen.includes(relaxation));
  const warnings = checks.filter((check) => check.status === "warn" && !isTold(check));
  return [
    ...relaxations,
    ...warnings.map(({ name, seen, promise }) => `${name}: ${seen} (promised: ${promise.replace(/\.$/, "")})`),
  ];
}
