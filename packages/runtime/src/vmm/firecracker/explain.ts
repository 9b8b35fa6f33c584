/** Why a launch failed, as far as what is left of it tells: asked before it is cleared away. */
import { join } from "node:path";
import { MvmError, retold } from "@mvm/core";
import type { VmPlace } from "../driver.ts";
import { cgroupOf, memoryKills } from "./confinement/cgroups.ts";
import type { DriverParts } from "./driver-parts.ts";
import { jailPaths } from "./jail/jail-paths.ts";

/** Firecracker's last words come over a pipe. */
const LAST_WORDS_MS = 50;
const LOG_BYTES = 2_000;

/** The error with the kernel's and Firecracker's own words, as far as they can be had; what is no failure of the VMM stays as it is. */
export async function explained(parts: DriverParts, error: unknown, vm: Pick<VmPlace, "id">): Promise<unknown> {
  if (!(error instanceof MvmError) || error.code !== "MVM_VM_DRIVER") return error;
  const { ports, cgroups, logs, jailsDir } = parts;
  await ports.clock.sleep(LAST_WORDS_MS);
  const log = logs.tail(jailPaths(jailsDir, vm.id).log).toString("utf8").slice(-LOG_BYTES).trim();
  const kills = await memoryKills(ports, join(cgroups.mount, cgroupOf(cgroups, vm.id))).catch(() => 0);
  if (kills === 0) return retold(error, { details: { log } });
  return retold(error, {
    message: `the kernel killed the VMM of ${vm.id}: it needs more memory than memory.max of its control group allows`,
    remedy: "Report it: what the VMM may need beyond its guest's memory is reckoned too low for this host.",
    cause: error,
    details: { log, oom_kills: kills },
  });
}
