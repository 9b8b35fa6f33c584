/** What the driver's parts share: its ports, where its VMs lie, and what it keeps open of them. */
import { join } from "node:path";
import type { Clock, CommandRunner, Files, Processes } from "@mvm/core";
import { OutputTails } from "../output-tails.ts";
import { GuestStreams } from "../guest-streams.ts";
import type { Pipes } from "../ports/pipes.ts";
import type { RawFiles } from "../ports/raw-files.ts";
import type { UnixHttp } from "../ports/unix-http.ts";
import type { UnixSockets } from "../ports/unix-sockets.ts";
import type { CgroupPlace } from "./confinement/cgroups.ts";
import { openGuestPort } from "./guest-stream.ts";
import { PROGRAM } from "./jail/jail-paths.ts";

export const DRIVER_NAME = "firecracker";
/** It knows no other way to execute a guest. */
export const ACCELERATION = "kvm";

export interface FirecrackerPorts {
  readonly clock: Clock;
  readonly commands: CommandRunner;
  readonly files: Files;
  readonly http: UnixHttp;
  readonly pipes: Pipes;
  readonly processes: Processes;
  readonly raw: RawFiles;
  readonly sockets: UnixSockets;
}

export interface FirecrackerDriverOptions extends FirecrackerPorts {
  /** Directory of the programs `firecracker` and `jailer`. */
  readonly programsDir: string;
  /** Directory of all jails: on the file system of the images and instances, which allows programs and device nodes. */
  readonly jailsDir: string;
  /** Mount of cgroup v2. */
  readonly cgroupMount: string;
  /** Parent of the VMs' control groups, relative to that mount, such as `mvm.slice`. */
  readonly cgroupParent: string;
}

export interface DriverParts {
  readonly ports: FirecrackerPorts;
  /** Directory of all jails, on the file system of images and instances. */
  readonly jailsDir: string;
  readonly cgroups: CgroupPlace;
  /** Paths of the two programs. */
  readonly programs: { readonly firecracker: string; readonly jailer: string };
  /** Firecracker's own log of each VM, by the path of its pipe. */
  readonly logs: OutputTails;
  readonly streams: GuestStreams;
}

export function driverParts(options: FirecrackerDriverOptions): DriverParts {
  const { programsDir, jailsDir, cgroupMount, cgroupParent, pipes } = options;
  return {
    ports: options,
    jailsDir,
    cgroups: { mount: cgroupMount, parent: cgroupParent },
    programs: { firecracker: join(programsDir, PROGRAM), jailer: join(programsDir, "jailer") },
    logs: new OutputTails({ connect: (path) => pipes.open(path) }),
    streams: new GuestStreams({ connect: (path) => openGuestPort(options, path) }),
  };
}
