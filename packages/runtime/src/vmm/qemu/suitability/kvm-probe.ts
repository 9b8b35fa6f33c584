/**
 * Whether KVM runs a stock kernel here. Opening /dev/kvm proves nothing: on some hosts a guest then
 * executes nothing for minutes. So a kernel is booted without disks until it panics for want of a
 * root file system, which takes it well under a second where KVM works.
 */
import { isMvmError, type CommandRunner, type MvmError } from "@mvm/core";
import { confinementArgs, machineArgs } from "../argv.ts";
import { kernelCommandLine } from "../kernel-command-line.ts";
import type { QemuVersion } from "./version.ts";

const PROBE_TIMEOUT_MS = 5_000;
const PROBE_MEM_MIB = 256;
/** `nobody` on Debian: the probe's guest is our kernel alone, without network or disk. */
const PROBE_UID = 65_534;
const SIGN_OF_LIFE = "Kernel panic - not syncing";
const REASON_CHARS = 200;

export interface KvmProbe {
  readonly works: boolean;
  /** Why not, in words; empty when it works. */
  readonly reason: string;
  /** It may have been the host's load: to be tried again. */
  readonly isPassing: boolean;
}

export interface KvmProbeRequest {
  readonly kernelPath: string;
  readonly version: QemuVersion;
  /** An empty directory: what the probe's VMM sees of the file system. */
  readonly rootDir: string;
}

/** What is known without a try where the device is missing. */
export const NO_KVM: KvmProbe = { works: false, reason: "/dev/kvm is missing", isPassing: true };

export async function probeKvm(commands: CommandRunner, request: KvmProbeRequest): Promise<KvmProbe> {
  try {
    const { stdout } = await commands.run({ argv: kvmProbeArgv(request), timeoutMs: PROBE_TIMEOUT_MS });
    if (stdout.includes(SIGN_OF_LIFE)) return { works: true, reason: "", isPassing: false };
    return { works: false, reason: "a kernel booted with it fell over without a word", isPassing: false };
  } catch (error) {
    if (isMvmError(error, "MVM_HOST_COMMAND_TIMEOUT")) {
      const reason = `a kernel booted with it was not up within ${PROBE_TIMEOUT_MS / 1000} s`;
      return { works: false, reason, isPassing: true };
    }
    if (!isMvmError(error, "MVM_HOST_COMMAND_FAILED")) throw error;
    return { works: false, reason: `QEMU refused it: ${stderrOf(error).slice(-REASON_CHARS)}`, isPassing: false };
  }
}

export function kvmProbeArgv({ kernelPath, version, rootDir }: KvmProbeRequest): readonly [string, ...string[]] {
  return [
    // Its own deadline as well: a guest that hangs must not outlive an agent that was killed.
    ...(["timeout", "--signal=KILL", String(PROBE_TIMEOUT_MS / 1000 + 1)] as const),
    ...machineArgs("kvm", PROBE_MEM_MIB),
    ...["-m", `${PROBE_MEM_MIB}M`, "-kernel", kernelPath, "-append", kernelCommandLine({ tscKhz: null, extra: [] })],
    ...["-serial", "stdio"],
    ...confinementArgs(version, { uid: PROBE_UID, rootDir }),
  ];
}

function stderrOf({ details }: MvmError): string {
  const { stderr } = details;
  return typeof stderr === "string" ? stderr.trim() : "";
}
