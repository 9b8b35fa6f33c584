/** The guest kernel's command line under QEMU. Pure; called by the bring-up and the KVM probe. */
import { kernelLine } from "../kernel-words.ts";

export interface KernelCommandLine {
  /** Frequency of the host's TSC, which an emulated guest sees; null under KVM, where the kernel asks KVM. */
  readonly tscKhz: number | null;
  /** What the caller adds, such as `mvm.volume=…`. */
  readonly extra: readonly string[];
}

/**
 * `quiet` is part of the boot watchdog: with it nothing is printed before the kernel's timers work,
 * so a first console byte is a sign of life. Without `tsc_early_khz` an emulated kernel measures its
 * TSC against the PIT, fails when the host is busy, and then waits for a tick that never comes.
 */
export function kernelCommandLine({ tscKhz, extra }: KernelCommandLine): string {
  const clock = tscKhz === null ? [] : [`tsc_early_khz=${tscKhz}`, "tsc=reliable"];
  return kernelLine(["console=ttyS0", "panic=-1", "quiet", ...clock, "root=/dev/vda", "ro", ...extra]);
}
