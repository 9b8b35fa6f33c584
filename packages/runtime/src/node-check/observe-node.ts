/**
 * Looks at a host for `judgeNode`. Reads files of fixed size limits and runs commands that only print;
 * the one thing that it starts is the trial of KVM. Decides nothing.
 */
import { dirname } from "node:path";
import { isMvmError, type CommandRunner, type Files } from "@mvm/core";
import { observeProgram } from "../vmm/firecracker/suitability/observe-program.ts";
import { tryKvm } from "./kvm-trial.ts";
import type {
  CpuFacts,
  EncryptionFacts,
  KsmFacts,
  KvmFacts,
  MountFacts,
  NetworkFacts,
  NodeFacts,
  SwapFacts,
} from "./node-facts.ts";
import { microcodeOf, mountOf, swapDevices } from "./parse-host-files.ts";

const TIMEOUT_MS = 10_000;
/** Files of /proc and /sys; the processors of a big machine make 1 MiB. */
const MAX_TEXT_BYTES = 16 * 1024 * 1024;
const VULNERABILITIES = "/sys/devices/system/cpu/vulnerabilities";
const ONE_TABLE_OF_EACH = ["inet", "netdev", "bridge"].map((family) => `add table ${family} mvm_check`).join("; ");

export interface ObserveNodePorts {
  readonly commands: CommandRunner;
  readonly files: Files;
}

/** What is looked at: places and programs out of the configuration. */
export interface NodeCheckTarget {
  readonly firecrackerPath: string;
  readonly jailerPath: string;
  /** Versions of Firecracker that are no releases and may run all the same. */
  readonly acceptedFirecracker: readonly string[];
  /** Mount of cgroup v2. */
  readonly cgroupMount: string;
  readonly jailsDir: string;
  readonly stateDir: string;
  readonly imagesDir: string;
  /** Where a file may lie while KVM is tried. */
  readonly runtimeDir: string;
  /** A guest's kernel to try KVM with, an ELF file; null when there is no image yet. */
  readonly kernelPath: string | null;
  readonly guestMemMib: number;
  readonly reservedMemMib: number;
}

export async function observeNode(ports: ObserveNodePorts, target: NodeCheckTarget): Promise<NodeFacts> {
  const mounts = (await textOf(ports, "/proc/self/mountinfo")) ?? "";
  const firecracker = await observeProgram(ports, target.firecrackerPath);
  const controllers = await textOf(ports, `${target.cgroupMount}/cgroup.controllers`);
  return {
    kvm: await observeKvm(ports, target, firecracker.printed !== null),
    firecracker,
    jailer: await observeProgram(ports, target.jailerPath),
    acceptedFirecracker: target.acceptedFirecracker,
    cgroup: { mount: target.cgroupMount, controllers: controllers?.split(" ") ?? null },
    encryption: await observeEncryption(ports),
    network: await observeNetwork(ports),
    swaps: await observeSwaps(ports),
    ksm: await observeKsm(ports),
    guestTimerPeriodUs: await textOf(ports, "/sys/module/kvm/parameters/min_timer_period_us"),
    cpu: await observeCpu(ports),
    kernel: (await textOf(ports, "/proc/sys/kernel/osrelease")) ?? "unknown",
    storage: {
      jails: await observeMount(ports, target.jailsDir, mounts),
      state: await observeMount(ports, target.stateDir, mounts),
      images: await observeMount(ports, target.imagesDir, mounts),
    },
    clockSource: await textOf(ports, "/sys/devices/system/clocksource/clocksource0/current_clocksource"),
    memory: {
      guestMib: target.guestMemMib,
      reservedMib: target.reservedMemMib,
      overcommit: await textOf(ports, "/proc/sys/vm/overcommit_memory"),
    },
  };
}

async function observeKvm(ports: ObserveNodePorts, target: NodeCheckTarget, canTry: boolean): Promise<KvmFacts> {
  const device = await ports.files.stat("/dev/kvm");
  const { kernelPath, firecrackerPath, runtimeDir } = target;
  const trial =
    device !== null && canTry && kernelPath !== null
      ? await tryKvm(ports, { firecrackerPath, kernelPath, scratchDir: runtimeDir })
      : null;
  return { device: device === null ? null : { mode: device.mode, uid: device.uid }, trial };
}

async function observeEncryption({ commands, files }: ObserveNodePorts): Promise<EncryptionFacts> {
  const targets = await outputOf(commands, ["dmsetup", "targets"]);
  const isLoaded = targets !== null && /^crypt\s/m.test(targets);
  const isLoadable = isLoaded || (await outputOf(commands, ["modprobe", "--dry-run", "--quiet", "dm-crypt"])) !== null;
  return {
    deviceMapper: targets !== null,
    crypt: isLoaded ? "loaded" : isLoadable ? "loadable" : null,
    cryptsetup: firstLine(await outputOf(commands, ["cryptsetup", "--version"])),
    loopControl: (await files.stat("/dev/loop-control")) !== null,
  };
}

async function observeNetwork({ commands, files }: ObserveNodePorts): Promise<NetworkFacts> {
  return {
    nft: firstLine(await outputOf(commands, ["nft", "--version"])),
    refusal: await refusalOf(commands, ["nft", "--check", ONE_TABLE_OF_EACH]),
    tun: (await files.stat("/dev/net/tun")) !== null,
    namespaces: (await files.stat("/proc/self/ns/net")) !== null,
  };
}

async function observeSwaps(ports: ObserveNodePorts): Promise<readonly SwapFacts[]> {
  const devices = swapDevices((await textOf(ports, "/proc/swaps")) ?? "");
  return Promise.all(
    devices.map(async (device) => {
      const block = `/sys/block/${device.replace(/^\/dev\//, "")}`;
      const behind = await textOf(ports, `${block}/backing_dev`);
      if (/\/zram\d+$/.test(block) && (behind === null || behind === "none"))
        return { device, safe: "memory" } as const;
      const uuid = await textOf(ports, `${block}/dm/uuid`);
      return { device, safe: uuid?.startsWith("CRYPT-") === true ? "encrypted" : null } as const;
    }),
  );
}

async function observeKsm(ports: ObserveNodePorts): Promise<KsmFacts | null> {
  const run = await textOf(ports, "/sys/kernel/mm/ksm/run");
  return run === null ? null : { run, pagesShared: Number(await textOf(ports, "/sys/kernel/mm/ksm/pages_shared")) };
}

async function observeCpu(ports: ObserveNodePorts): Promise<CpuFacts> {
  const names = await ports.files.list(VULNERABILITIES);
  const told = await Promise.all(
    names.map(async (name) => [name, (await textOf(ports, `${VULNERABILITIES}/${name}`)) ?? ""] as const),
  );
  const active = await textOf(ports, "/sys/devices/system/cpu/smt/active");
  return {
    smtActive: active === null ? null : active === "1",
    microcode: microcodeOf((await textOf(ports, "/proc/cpuinfo")) ?? ""),
    vulnerabilities: Object.fromEntries<string>(told),
  };
}

async function observeMount({ files }: ObserveNodePorts, path: string, mounts: string): Promise<MountFacts> {
  let there = path;
  while (there !== "/" && (await files.stat(there)) === null) there = dirname(there);
  const { mountPoint, options } = mountOf(mounts, there) ?? { mountPoint: "/", options: [] };
  return { path, mountPoint, options, freeBytes: await files.freeBytes(there) };
}

/** A small text file without the blanks around it, or null. */
async function textOf({ files }: ObserveNodePorts, path: string): Promise<string | null> {
  try {
    return (await files.read(path, MAX_TEXT_BYTES))?.toString("utf8").trim() ?? null;
  } catch {
    // Some files of sysfs are there and can't be read.
    return null;
  }
}

/** What a command printed, or null when it failed or is not there. */
async function outputOf(commands: CommandRunner, argv: readonly [string, ...string[]]): Promise<string | null> {
  try {
    return (await commands.run({ argv, timeoutMs: TIMEOUT_MS })).stdout;
  } catch (error) {
    if (isMvmError(error)) return null;
    throw error;
  }
}

/** Why a command failed, in its own words; null when it did not. */
async function refusalOf(commands: CommandRunner, argv: readonly [string, ...string[]]): Promise<string | null> {
  try {
    await commands.run({ argv, timeoutMs: TIMEOUT_MS });
    return null;
  } catch (error) {
    if (!isMvmError(error)) throw error;
    const { stderr } = error.details;
    return (typeof stderr === "string" ? firstLine(stderr) : null) ?? error.message;
  }
}

function firstLine(text: string | null): string | null {
  return (
    text
      ?.split("\n")
      .find((line) => line.trim() !== "")
      ?.trim() ?? null
  );
}
