/**
 * What a test needs of the machine: without it the test is skipped and says why, unless
 * `MVM_REQUIRE` (a comma-separated list) names it: then it fails.
 */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { hasTestImage, imagesDir } from "./test-images.ts";

export type Need =
  | "root"
  | "terminal"
  | "qemu"
  | "network"
  | "volumes"
  | "device-mapper"
  | "images"
  | "openclaw"
  | "built-openclaw"
  | "units"
  | "firecracker"
  | "firecracker-programs";

const SYSTEM_PATH = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/**
 * For the `skip` of a test or suite: false when everything is there, else the reason.
 * @throws AssertionError when MVM_REQUIRE names what is missing
 */
export async function requires(...needs: readonly Need[]): Promise<string | false> {
  for (const need of needs) {
    const reason = skipReason(need, await obstacles[need](), process.env["MVM_REQUIRE"]);
    if (reason !== false) return reason;
  }
  return false;
}

/** The reason begins with the need, as MVM_REQUIRE would name it. @param required the value of MVM_REQUIRE */
export function skipReason(need: string, obstacle: string | null, required = ""): string | false {
  if (obstacle === null) return false;
  assert.ok(!required.split(",").includes(need), `MVM_REQUIRE names ${need}: ${obstacle}`);
  return `${need}: ${obstacle}`;
}

const obstacles: Readonly<Record<Need, () => Promise<string | null>>> = {
  root: async () => (process.getuid?.() === 0 ? null : "needs root: run it with sudo"),
  /** A pseudoterminal for a program that talks to people. */
  terminal: async () => missingProgram("script", "bsdutils"),
  qemu: async () => missingProgram("qemu-system-x86_64", "qemu-system-x86"),
  network: async () => {
    const withoutTun = existsSync("/dev/net/tun") ? null : "needs /dev/net/tun: modprobe tun";
    return missingProgram("ip", "iproute2") ?? withoutTun;
  },
  volumes: async () => missingProgram("cryptsetup", "cryptsetup-bin") ?? missingProgram("mke2fs", "e2fsprogs"),
  "device-mapper": async () =>
    missingProgram("dmsetup", "dmsetup") ??
    missingProgram("losetup", "mount") ??
    (existsSync("/sys/class/misc/device-mapper") ? null : "needs the kernel's device-mapper: modprobe dm-crypt"),
  units: async () =>
    existsSync("/etc/systemd/system/mvm-agent.service") && existsSync("/run/systemd/system")
      ? null
      : "needs mvm installed as systemd units: npm run lab",
  "firecracker-programs": async () => missingFirecracker(),
  firecracker: async () => missingFirecracker() ?? missingVirtualization(),
  images: () => imageObstacle("minimal"),
  /** In the lab nothing can be built. */
  "built-openclaw": async () =>
    (await hasTestImage("openclaw-gateway")) && (await hasTestImage("openclaw-worker"))
      ? null
      : "needs OpenClaw's images: npm run lab -- --openclaw",
  /** An installed OpenClaw: see installed-openclaw.ts. */
  openclaw: async () => {
    if (process.env["MVM_OPENCLAW_DIR"] !== undefined) return null;
    const withoutLoop = existsSync("/dev/loop-control") ? null : "needs loop devices: modprobe loop";
    return (await obstacles.root()) ?? withoutLoop ?? imageObstacle("openclaw-gateway");
  },
};

/** Where Firecracker and its jailer lie: nobody else than who runs the tests can know. */
export function firecrackerDir(): string | null {
  return process.env["MVM_FIRECRACKER_DIR"] ?? null;
}

function missingFirecracker(): string | null {
  const directory = firecrackerDir();
  if (directory === null) return "needs MVM_FIRECRACKER_DIR, a directory with the programs firecracker and jailer";
  const missing = ["firecracker", "jailer"].filter((program) => !existsSync(join(directory, program)));
  return missing.length === 0 ? null : `${directory} (MVM_FIRECRACKER_DIR) lacks ${missing.join(" and ")}`;
}

function missingVirtualization(): string | null {
  if (!existsSync("/dev/kvm")) return "needs /dev/kvm: modprobe kvm-intel or kvm-amd";
  const controllers = existsSync("/sys/fs/cgroup/cgroup.controllers")
    ? readFileSync("/sys/fs/cgroup/cgroup.controllers", "utf8")
    : "";
  return ["cpu", "io", "memory", "pids"].every((name) => controllers.split(/\s+/).includes(name))
    ? null
    : "needs cgroup v2 with the controllers cpu, io, memory and pids";
}

async function imageObstacle(profile: string): Promise<string | null> {
  const builder = missingProgram("mmdebstrap", "mmdebstrap") ?? missingProgram("mkfs.erofs", "erofs-utils");
  return builder === null || (await hasTestImage(profile))
    ? null
    : `${builder}, to build the image ${profile} that is not in ${imagesDir()} (MVM_TEST_IMAGES)`;
}

function missingProgram(program: string, debianPackage: string): string | null {
  const isThere = SYSTEM_PATH.some((directory) => existsSync(join(directory, program)));
  return isThere ? null : `needs ${program}: apt-get install ${debianPackage}`;
}
