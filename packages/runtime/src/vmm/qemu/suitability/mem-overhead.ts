/** What QEMU takes of the host's memory beyond its guest's, by how the guest executes. Data. */
import type { MemOverhead } from "@mvm/core";
import type { DriverFingerprint } from "../../driver.ts";

/**
 * The fixed part is what QEMU held beside a guest of 512 MiB, rounded up. Under emulation comes the
 * cache of translated guest code: a gateway of 2 GiB fills 900 MiB of it in its start, and with less
 * the same code would be translated again.
 */
export const QEMU_MEM_OVERHEAD: Readonly<Record<DriverFingerprint["acceleration"], MemOverhead>> = {
  emulated: { fixed_mib: 32, share: 0.5, least_mib: 64, most_mib: 1024 },
  kvm: { fixed_mib: 32, share: 0, least_mib: 0, most_mib: 0 },
};
