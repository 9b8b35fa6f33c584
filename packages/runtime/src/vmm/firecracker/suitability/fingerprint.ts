/**
 * What this host can do with Firecracker: programs, versions and what the kernel must offer, looked at and
 * not tried. The answer goes to node status and the start-up message; launches check it first.
 */
import { join } from "node:path";
import { isObstacle } from "../../../finding.ts";
import type { DriverFingerprint } from "../../driver.ts";
import { CONTROLLERS, type CgroupPlace } from "../confinement/cgroups.ts";
import { ACCELERATION, DRIVER_NAME, type FirecrackerPorts } from "../driver-parts.ts";
import { FIRECRACKER_MEM_OVERHEAD } from "./mem-overhead.ts";
import { observeProgram } from "./observe-program.ts";
import { judgeFirecracker, judgeJailer, type Programs } from "./programs.ts";
import { parsePrintedVersion, versionFacts } from "./versions.ts";

const MAX_FILE_BYTES = 4_096;
const UNKNOWN_VERSION = "unknown";

export interface HostRequest {
  readonly cgroups: CgroupPlace;
  readonly programs: { readonly firecracker: string; readonly jailer: string };
}

type Ports = Pick<FirecrackerPorts, "commands" | "files">;
type Obstacle = NonNullable<DriverFingerprint["unusable"]>;

export async function lookAtHost(ports: Ports, request: HostRequest): Promise<DriverFingerprint> {
  const [firecracker, jailer] = await Promise.all([
    observeProgram(ports, request.programs.firecracker),
    observeProgram(ports, request.programs.jailer),
  ]);
  const version = parsePrintedVersion("Firecracker", firecracker.printed ?? "");
  const facts = versionFacts(version ?? UNKNOWN_VERSION);
  return {
    name: DRIVER_NAME,
    version: version ?? UNKNOWN_VERSION,
    acceleration: ACCELERATION,
    memOverhead: FIRECRACKER_MEM_OVERHEAD,
    unusable: programObstacle({ firecracker, jailer }, version) ?? (await kernelObstacle(ports, request)),
    relaxations: facts.supported ? facts.relaxations : [],
  };
}

/** Why one of the programs can't run VMs: whether a build that is no release may is for the node check to say. */
function programObstacle(programs: Programs, version: string | null): Obstacle | null {
  const acceptedFirecracker = version === null ? [] : [version];
  const flaw = [judgeFirecracker({ ...programs, acceptedFirecracker }), judgeJailer(programs)].find(isObstacle);
  return flaw === undefined ? null : { reason: flaw.seen, remedy: flaw.remedy };
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
