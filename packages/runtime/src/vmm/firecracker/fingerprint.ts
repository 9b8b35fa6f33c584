/**
 * What this host can do with Firecracker: programs, versions and what the kernel must offer, looked at and
 * not tried. The answer goes to node status and the start-up message; launches check it first.
 */
import { join } from "node:path";
import { isMvmError } from "@mvm/core";
import type { DriverFingerprint } from "../driver.ts";
import { CONTROLLERS, type CgroupPlace } from "./cgroups.ts";
import { DRIVER_NAME, type FirecrackerPorts } from "./driver-parts.ts";
import { FIRECRACKER_MEM_OVERHEAD } from "./mem-overhead.ts";
import { isStaticProgram } from "./static-program.ts";
import { parsePrintedVersion, SUPPORTED_VERSIONS, versionFacts } from "./versions.ts";

const TIMEOUT_MS = 10_000;
const MAX_PROGRAM_BYTES = 64 * 1024 * 1024;
const MAX_FILE_BYTES = 4_096;
const UNKNOWN_VERSION = "unknown";
const NOT_OWNERS_WRITE = 0o022;

export interface HostRequest {
  readonly cgroups: CgroupPlace;
  readonly programs: { readonly firecracker: string; readonly jailer: string };
}

type Ports = Pick<FirecrackerPorts, "commands" | "files">;
type Obstacle = NonNullable<DriverFingerprint["unusable"]>;

export async function lookAtHost(ports: Ports, request: HostRequest): Promise<DriverFingerprint> {
  const { programs } = request;
  const none = {
    name: DRIVER_NAME,
    acceleration: "kvm",
    memOverhead: FIRECRACKER_MEM_OVERHEAD,
    cannot: {},
    relaxations: [],
  } as const;
  for (const path of [programs.firecracker, programs.jailer]) {
    const unusable = await programObstacle(ports, path);
    if (unusable !== null) return { ...none, version: UNKNOWN_VERSION, unusable };
  }
  const version = await printedVersion(ports, "Firecracker", programs.firecracker);
  const jailerVersion = await printedVersion(ports, "Jailer", programs.jailer);
  const facts = versionFacts(version);
  const unusable =
    versionObstacle({ version, jailerVersion, refusal: facts.supported ? null : facts.reason }) ??
    (await kernelObstacle(ports, request));
  const { cannot, relaxations } = facts.supported ? facts : none;
  return { ...none, version, unusable, cannot, relaxations };
}

/** What a program in root's hands must be: anybody else who may write it would be root. */
async function programObstacle({ files }: Ports, path: string): Promise<Obstacle | null> {
  const facts = await files.stat(path);
  if (facts === null)
    return {
      reason: `${path} is missing`,
      remedy: `Install Firecracker ${SUPPORTED_VERSIONS} with its jailer there, or set [node] firecracker_dir in mvm.toml.`,
    };
  if (facts.kind !== "file" || (facts.mode & 0o100) === 0)
    return { reason: `${path} is no program file`, remedy: "Put the program itself there, not a link to it." };
  if (facts.uid !== 0 || (facts.mode & NOT_OWNERS_WRITE) !== 0)
    return {
      reason: `${path} could be changed by others than root`,
      remedy: `chown root:root ${path}; chmod 0755 ${path}`,
    };
  if (!isStaticProgram((await files.read(path, MAX_PROGRAM_BYTES)) ?? Buffer.alloc(0)))
    return {
      reason: `${path} is not linked statically`,
      remedy: "Install the release's own programs: others have no system call filters and don't start in a jail.",
    };
  return null;
}

async function printedVersion({ commands }: Ports, program: "Firecracker" | "Jailer", path: string): Promise<string> {
  try {
    const { stdout } = await commands.run({ argv: [path, "--version"], timeoutMs: TIMEOUT_MS });
    return parsePrintedVersion(program, stdout) ?? UNKNOWN_VERSION;
  } catch (error) {
    if (isMvmError(error, "MVM_HOST_COMMAND_FAILED")) return UNKNOWN_VERSION;
    throw error;
  }
}

/** Pure. */
export function versionObstacle(found: {
  readonly version: string;
  readonly jailerVersion: string;
  /** Why this version is not taken. */
  readonly refusal: string | null;
}): Obstacle | null {
  const { version, jailerVersion, refusal } = found;
  const remedy = `Install Firecracker ${SUPPORTED_VERSIONS} with the jailer of the same release.`;
  if (refusal !== null) return { reason: `Firecracker ${version} ${refusal}`, remedy };
  if (version !== jailerVersion)
    return { reason: `Firecracker is of version ${version}, its jailer of ${jailerVersion}`, remedy };
  return null;
}

async function kernelObstacle({ files }: Ports, { cgroups }: HostRequest): Promise<Obstacle | null> {
  if ((await files.stat("/dev/kvm")) === null)
    return {
      reason: "/dev/kvm is missing",
      remedy: "Enable virtualization in the firmware and load the module: modprobe kvm-intel or kvm-amd.",
    };
  if ((await files.stat("/dev/net/tun")) === null)
    return { reason: "/dev/net/tun is missing", remedy: "Load the module: modprobe tun" };
  const offered = await files.read(join(cgroups.mount, "cgroup.controllers"), MAX_FILE_BYTES);
  const controllers = offered?.toString("utf8").trim().split(" ") ?? [];
  const missing = CONTROLLERS.filter((controller) => !controllers.includes(controller));
  if (missing.length > 0)
    return {
      reason: `cgroup v2 at ${cgroups.mount} lacks the controllers ${missing.join(", ")}`,
      remedy: "Boot with systemd.unified_cgroup_hierarchy=1, and without cgroup_no_v1 or cgroup_disable.",
    };
  return null;
}
