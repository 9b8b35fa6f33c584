/**
 * The argv that starts a VM: nsenter into the tenant's network, then QEMU. Pure; snapshot-tested.
 *
 * QEMU begins as root, opens tap, disks and key, enters an empty root directory, becomes the VM's
 * user under a seccomp filter and waits (`-S`) to be looked at. No secret may ever stand here.
 */
import { sharedOverheadMib } from "@mvm/core";
import type { VmDrive, VmLaunch } from "../driver.ts";
import { QEMU_MEM_OVERHEAD } from "./suitability/mem-overhead.ts";
import { namespacePath } from "../../network/network-names.ts";
import { isAtLeast, type QemuVersion } from "./suitability/version.ts";
import { vmPaths } from "./vm-paths.ts";

export const QEMU = "qemu-system-x86_64";

export type Acceleration = "emulated" | "kvm";

export interface QemuPlan {
  readonly vm: Omit<VmLaunch, "kernelArgs" | "signOfLifeTimeoutMs" | "signal">;
  readonly commandLine: string;
  /** The file behind the guest's memory: it is there, and of the right size. */
  readonly memoryPath: string;
  /** A socket on which QEMU takes a saved VM's device state, instead of booting. */
  readonly incomingPath?: string;
  readonly acceleration: Acceleration;
  readonly version: QemuVersion;
}

export type Argv = readonly [string, ...string[]];

/**
 * `microvm` has 24 virtio-mmio transports. Linux finds them from the highest down, so vda takes the
 * highest. Transport 0 is never used: its interrupt does not arrive behind the second I/O APIC.
 */
const HIGHEST_BUS = 23;
/** What the guest may draw from the host's random pool. */
const RANDOM_BYTES_PER_SECOND = 64 * 1024;

export function qemuArgv(plan: QemuPlan): Argv {
  const { vm } = plan;
  const paths = vmPaths(vm);
  return [
    ...(["nsenter", `--net=${namespacePath(vm.network.namespace)}`, "--"] as const),
    ...machineArgs(plan.acceleration, vm.memMib),
    ...["-name", options(["guest", vm.id], ["debug-threads", "on"]), "-smp", String(vm.vcpus), "-m", `${vm.memMib}M`],
    ...[
      "-machine",
      // A saved device state then ends with its last device, not with a description of it all that nobody checks.
      "memory-backend=memory,suppress-vmdesc=on",
      "-object",
      `memory-backend-file,${options(["id", "memory"], ["size", `${vm.memMib}M`], ["mem-path", plan.memoryPath], ["share", "on"], ["prealloc", "off"])}`,
    ],
    ...["-kernel", vm.kernelPath, "-initrd", vm.initrdPath, "-append", plan.commandLine],
    ...socketArgs("qmp", paths.qmp, ["-mon", "chardev=qmp,mode=control"]),
    ...socketArgs("console", paths.console, ["-serial", "chardev:console"]),
    ...deviceArgs(vm),
    ...incomingArgs(plan),
    "-S",
    ...confinementArgs(plan.version, { uid: vm.uid, rootDir: paths.root }),
  ];
}

/** QEMU itself, the machine and how it executes. Shared with the KVM probe. */
export function machineArgs(acceleration: Acceleration, memMib: number): Argv {
  const cache = sharedOverheadMib(QEMU_MEM_OVERHEAD.emulated, memMib);
  const execution =
    acceleration === "kvm"
      ? ["-accel", "kvm", "-cpu", "host"]
      : ["-accel", `tcg,thread=multi,tb-size=${cache}`, "-cpu", "max"];
  return [
    ...([QEMU, "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"] as const),
    ...["-machine", "microvm,acpi=on,pit=on,pic=on,rtc=on,isa-serial=on,auto-kernel-cmdline=off,dump-guest-core=off"],
    ...["-global", "virtio-mmio.force-legacy=false"],
    ...execution,
  ];
}

/** How QEMU gives up its rights. The names of two options changed with versions 8.1 and 9.1. */
export function confinementArgs(
  version: QemuVersion,
  { uid, rootDir }: { readonly uid: number; readonly rootDir: string },
): readonly string[] {
  const user = `${uid}:${uid}`;
  const filter = ["-sandbox", "on,obsolete=deny,spawn=deny,resourcecontrol=deny"];
  if (!isAtLeast(version, "8.1")) return [...filter, "-chroot", rootDir, "-runas", user];
  if (!isAtLeast(version, "9.1")) return [...filter, "-run-with", options(["chroot", rootDir]), "-runas", user];
  return [...filter, "-run-with", options(["chroot", rootDir], ["user", user])];
}

/** Whether an argument is the option of the control socket at `path`, as it is written here. */
export function isSocketOption(word: string, path: string): boolean {
  return word.startsWith("socket,id=qmp,") && word.includes(`,path=${path.replaceAll(",", ",,")},`);
}

function socketArgs(id: string, path: string, use: readonly string[]): readonly string[] {
  return ["-chardev", `socket,${options(["id", id], ["path", path], ["server", "on"], ["wait", "off"])}`, ...use];
}

/** The one address that QEMU takes as it is: a comma in it is not doubled. */
function incomingArgs({ incomingPath }: QemuPlan): readonly string[] {
  return incomingPath === undefined ? [] : ["-incoming", `unix:${incomingPath}`];
}

/** Disks, network, guest channel and random source, each on the next transport. */
function deviceArgs(vm: QemuPlan["vm"]): readonly string[] {
  let bus = HIGHEST_BUS;
  const device = (driver: string, ...pairs: readonly Pair[]): readonly string[] => {
    const args = ["-device", `${driver},${options(["bus", `virtio-mmio-bus.${bus}`], ...pairs)}`];
    bus -= 1;
    return args;
  };
  const { tap, mac } = vm.network;
  return [
    ...vm.drives.flatMap((drive) => [
      ...blockArgs(drive),
      ...device("virtio-blk-device", ["drive", drive.name], ["serial", drive.name]),
    ]),
    ...[
      "-netdev",
      `tap,${options(["id", "net"], ["ifname", tap], ["script", "no"], ["downscript", "no"], ["vhost", "off"])}`,
    ],
    ...device("virtio-net-device", ["netdev", "net"], ["mac", mac]),
    ...device("virtio-serial-device", ["id", "ports"], ["max_ports", "2"]),
    ...socketArgs("guest", vmPaths(vm).guest, [
      "-device",
      "virtserialport,bus=ports.0,chardev=guest,name=org.mvm.guest",
    ]),
    ...["-object", "rng-builtin,id=random"],
    ...device(
      "virtio-rng-device",
      ["rng", "random"],
      ["max-bytes", String(RANDOM_BYTES_PER_SECOND)],
      ["period", "1000"],
    ),
  ];
}

/**
 * A disk. Caching is QEMU's `writeback`: the guest sees a write cache and its flush becomes an
 * fdatasync of the host's file, so what a guest has synced survives. A volume is locked: two VMMs
 * never open it at once.
 */
function blockArgs({ name, path, readOnly, luksKeyPath }: VmDrive): readonly string[] {
  const node: readonly Pair[] = [
    ["node-name", name],
    ["read-only", readOnly ? "on" : "off"],
    ["cache.direct", "off"],
    ["cache.no-flush", "off"],
    ["file.driver", "file"],
    ["file.filename", path],
    ["file.locking", readOnly ? "auto" : "on"],
  ];
  if (luksKeyPath === undefined) return ["-blockdev", options(["driver", "raw"], ...node)];
  const key = `${name}-key`;
  return [
    ...["-object", `secret,${options(["id", key], ["file", luksKeyPath])}`],
    ...["-blockdev", options(["driver", "luks"], ["key-secret", key], ...node)],
  ];
}

type Pair = readonly [name: string, value: string];

/** QEMU's `name=value,…`; a comma inside a value is doubled. */
function options(...pairs: readonly Pair[]): string {
  return pairs.map(([name, value]) => `${name}=${value.replaceAll(",", ",,")}`).join(",");
}
