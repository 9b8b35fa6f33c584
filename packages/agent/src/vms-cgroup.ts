/** Where production VMs' control groups lie: told to the driver, looked through for what is left, and the units' own. */

/** Mount of cgroup v2. */
export const CGROUP_MOUNT = "/sys/fs/cgroup";

/** systemd's names of the group of all that are VMs, and of the unit in it that is theirs. */
export const VMS_SLICE = "mvm.slice";
export const VMS_UNIT = "mvm-vms.service";

/** What the unit's group hands down to every VM's. */
export { CONTROLLERS as VMS_CONTROLLERS } from "@mvm/runtime";

/**
 * Relative to the mount: the delegated group of the unit, so that systemd neither ends VMs with the agent nor
 * changes their limits.
 */
export const VMS_CGROUP = `${VMS_SLICE}/${VMS_UNIT}`;
