/** What the machine can bear: how many instances boot at a time, and whether the fleet fits at all. Pure. */
import type { Machine } from "@mvm/agent";
import { type EffectiveConfig, type Fleet, hostMemMib, type MemOverhead, MvmError } from "@mvm/core";

const MOST_PARALLEL_STARTS = 8;
/** What the largest of our own profiles takes, the VMM included. */
const MIB_A_BOOT = 3104;

/** One boot a processor, as far as memory goes: emulated guests compute all the time while they boot. */
export function parallelStarts({ cpus, memMib }: Machine): number {
  return Math.max(1, Math.min(MOST_PARALLEL_STARTS, cpus, Math.floor(memMib / MIB_A_BOOT)));
}

export interface WantedMem {
  readonly fleet: Fleet;
  readonly microvms: EffectiveConfig["microvms"];
  /** What each VM takes beyond its guest's memory. */
  readonly overhead: MemOverhead;
}

/** What all wanted instances of a fleet take together, MiB; profiles that aren't declared count nothing. */
export function wantedMemMib({ fleet, microvms, overhead }: WantedMem): number {
  const pools = fleet.tenants.flatMap((tenant) => tenant.pools);
  return pools.reduce((sum, pool) => {
    const memMib = pool.resources.mem_mib ?? microvms.profiles[pool.profile]?.defaults.mem_mib ?? null;
    return memMib === null ? sum : sum + pool.desired_counts.running * hostMemMib(memMib, overhead);
  }, 0);
}

/** @throws MvmError MVM_FLEET_CAPACITY before minutes went into images that can't run together */
export function checkRoom(
  { memMib }: Machine,
  { wantedMib, reservedMib }: { readonly wantedMib: number; readonly reservedMib: number },
): void {
  const room = memMib - reservedMib;
  if (wantedMib <= room) return;
  throw new MvmError("MVM_FLEET_CAPACITY", {
    message: `the fleet's instances take ${wantedMib} MiB with their VMMs, this machine has ${Math.max(0, room)} MiB for them (${memMib} less ${reservedMib} for the host)`,
    remedy:
      "Try small microVMs without OpenClaw, npm run quickstart -- --minimal, or lower desired_counts in the fleet file.",
    details: { wanted_mib: wantedMib, room_mib: room },
  });
}

/** The role and profile pairs that a fleet needs images for, each once. */
export function wantedTypes(fleet: Fleet): readonly { readonly role: string; readonly profile: string }[] {
  const pools = fleet.tenants.flatMap((tenant) => tenant.pools);
  const byName = new Map(pools.map(({ role, profile }) => [`${role}/${profile}`, { role, profile }]));
  return [...byName.values()];
}
