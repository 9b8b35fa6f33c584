/**
 * What this host can do with QEMU: looked at, never tried beyond `--version`. The answer goes to
 * node status and the start-up message; launches check it first.
 */
import { isMvmError, type CommandRunner, type Files } from "@mvm/core";
import type { DriverFingerprint } from "../../driver.ts";
import { QEMU } from "../argv.ts";
import type { HostFacts } from "./host-facts.ts";
import { NO_KVM, type KvmProbe } from "./kvm-probe.ts";
import { QEMU_MEM_OVERHEAD } from "./mem-overhead.ts";
import { isAtLeast, OLDEST_QEMU, parseQemuVersion, type QemuVersion } from "./version.ts";

const TIMEOUT_MS = 10_000;
const UNKNOWN_VERSION = "unknown";

export interface FingerprintPorts {
  readonly commands: CommandRunner;
  readonly files: Files;
  readonly facts: HostFacts;
}

export interface HostLook {
  readonly fingerprint: DriverFingerprint;
  /** Null when QEMU is missing or too old. */
  readonly version: QemuVersion | null;
}

interface Obstacle {
  readonly reason: string;
  readonly remedy: string;
}

export async function lookAtHost(ports: FingerprintPorts): Promise<HostLook> {
  const printed = await outputOf(ports.commands, [QEMU, "--version"]);
  const version = parseQemuVersion(printed ?? "");
  const kvm = await kvmState(ports);
  const unusable = (await obstacle(ports, { printed, version })) ?? (await clockObstacle(ports.facts, kvm));
  const accelerated = kvm?.works === true;
  const fingerprint: DriverFingerprint = {
    name: "qemu",
    version: version?.text ?? UNKNOWN_VERSION,
    acceleration: accelerated ? "kvm" : "emulated",
    memOverhead: QEMU_MEM_OVERHEAD[accelerated ? "kvm" : "emulated"],
    unusable,
    relaxations: relaxations(kvm),
  };
  return { fingerprint, version };
}

/** Null while no VM was launched since the host's boot: then it is not known. */
async function kvmState({ files, facts }: FingerprintPorts): Promise<KvmProbe | null> {
  if ((await files.stat("/dev/kvm")) === null) return NO_KVM;
  return facts.newestKvm();
}

async function obstacle(
  { commands, files }: FingerprintPorts,
  { printed, version }: { printed: string | null; version: QemuVersion | null },
): Promise<Obstacle | null> {
  if (printed === null)
    return { reason: `${QEMU} is not installed`, remedy: "Install it: apt-get install qemu-system-x86" };
  if (version === null || !isAtLeast(version, OLDEST_QEMU)) {
    return {
      reason: `QEMU ${version?.text ?? UNKNOWN_VERSION} is older than ${OLDEST_QEMU}`,
      remedy: `Install QEMU ${OLDEST_QEMU} or newer.`,
    };
  }
  if ((await outputOf(commands, ["nsenter", "--version"])) === null)
    return { reason: "nsenter is not installed", remedy: "Install it: apt-get install util-linux" };
  if ((await files.stat("/proc/self/ns/net")) === null) {
    return { reason: "the host's kernel has no network namespaces", remedy: "Use a kernel with CONFIG_NET_NS." };
  }
  if ((await files.stat("/dev/net/tun")) === null)
    return { reason: "/dev/net/tun is missing", remedy: "Load the module: modprobe tun" };
  return null;
}

/** An emulated guest must be told the frequency of its clock. */
async function clockObstacle(facts: HostFacts, kvm: KvmProbe | null): Promise<Obstacle | null> {
  if (kvm?.works !== false || (await facts.tscKhz()) !== null) return null;
  return {
    reason: "the frequency of the processor's time stamp counter is not known, and emulated guests hang without it",
    remedy:
      "Start the agent once soon after the host's boot, while its kernel's log still holds the line 'tsc: Detected'; it is remembered until the next boot.",
  };
}

function relaxations(kvm: KvmProbe | null): readonly string[] {
  const execution =
    kvm === null
      ? ["guests may be emulated: KVM is tried when the first VM starts"]
      : kvm.works
        ? []
        : [`guests are emulated, because KVM can't be used: ${kvm.reason}`];
  return [
    ...execution,
    "guest memory lies in a file that is not encrypted while a VM runs",
    "VMs have no cgroup: memory, processor time and threads of the VMM are not limited, nor are disk and network rates",
    "there is no jailer: a VMM is confined by a uid of its own, an empty root directory and QEMU's system call filter",
  ];
}

async function outputOf(commands: CommandRunner, argv: readonly [string, ...string[]]): Promise<string | null> {
  try {
    return (await commands.run({ argv, timeoutMs: TIMEOUT_MS })).stdout;
  } catch (error) {
    if (isMvmError(error, "MVM_HOST_COMMAND_FAILED")) return null;
    throw error;
  }
}
