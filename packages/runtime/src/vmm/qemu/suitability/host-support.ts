/**
 * How guests execute on this host, decided per kernel: under KVM when a probe has seen that kernel
 * run, else emulated with the host's clock frequency. Keeps the driver's fingerprint. Owned by it.
 */
import { MvmError } from "@mvm/core";
import type { DriverFingerprint } from "../../driver.ts";
import { rememberLook } from "../../remembered-look.ts";
import type { Acceleration } from "../argv.ts";
import { lookAtHost, type FingerprintPorts, type HostLook } from "./fingerprint.ts";
import { openHostFacts, type HostFactsPorts } from "./host-facts.ts";
import type { QemuVersion } from "./version.ts";

/** How guests execute here. */
export interface Execution {
  readonly version: QemuVersion;
  readonly acceleration: Acceleration;
  /** The host's TSC; null under KVM, which tells the guest by itself. */
  readonly tscKhz: number | null;
}

export interface HostSupport {
  fingerprint(): Promise<DriverFingerprint>;
  /**
   * @param rootDir an empty directory, for the probe's VMM
   * @throws MvmError MVM_HOST_UNSUPPORTED
   */
  executionOf(kernelPath: string, rootDir: string): Promise<Execution>;
}

export interface HostSupportOptions extends Omit<FingerprintPorts, "facts">, HostFactsPorts {}

export function openHostSupport(options: HostSupportOptions): HostSupport {
  const facts = openHostFacts(options);
  const host = rememberLook(
    () => lookAtHost({ ...options, facts }),
    ({ fingerprint }) => fingerprint.unusable === null,
  );
  const look = (): Promise<HostLook> => host.answer("this host");

  return {
    fingerprint: async () => (await look()).fingerprint,
    async executionOf(kernelPath, rootDir) {
      const { fingerprint, version } = await look();
      if (version === null || fingerprint.unusable !== null) throw unsupported(fingerprint);
      const known = await facts.newestKvm();
      const { works } = await facts.kvm({ kernelPath, rootDir, version });
      // A new probe changes what the host is said to do.
      if ((await facts.newestKvm()) !== known) host.forget();
      if (works) return { version, acceleration: "kvm", tscKhz: null };
      const tscKhz = await facts.tscKhz();
      if (tscKhz === null) throw unsupported((await look()).fingerprint);
      return { version, acceleration: "emulated", tscKhz };
    },
  };
}

function unsupported({ unusable }: DriverFingerprint): MvmError {
  const reason = unusable?.reason ?? "QEMU can't run them";
  return new MvmError("MVM_HOST_UNSUPPORTED", {
    message: `VMs can't run on this host: ${reason}`,
    ...(unusable === null ? {} : { remedy: unusable.remedy }),
  });
}
