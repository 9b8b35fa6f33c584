/**
 * What Firecracker takes of the host's memory beyond its guest's: what its control group is allowed, and
 * what whoever asks whether a VM fits reckons with. Data.
 */
import type { MemOverhead } from "@mvm/core";

/**
 * The fixed part is Firecracker's own: 5 MiB by its specification, more while it saves; the rest is for what
 * the kernel keeps for it. The share is for page tables: 8 bytes for each page of 4 KiB, in the VMM's address
 * space and once more in KVM's, which count as the group's memory. That is 1/256 of guest memory; the same
 * again is room for nested KVM. Its upper bound is the share of the largest guest, 256 GiB.
 */
export const FIRECRACKER_MEM_OVERHEAD: MemOverhead = { fixed_mib: 32, share: 1 / 128, least_mib: 1, most_mib: 2048 };
