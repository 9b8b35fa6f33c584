/** What the driver's parts share: its ports, what it knows of the host, and what it keeps open of its VMs. */
import type { Clock, CommandRunner, Files, Processes } from "@mvm/core";
import type { GuestStreams } from "../guest-streams.ts";
import type { OutputTails } from "../output-tails.ts";
import type { UnixSockets } from "../ports/unix-sockets.ts";
import type { HostSupport } from "./suitability/host-support.ts";

/** What handles and snapshots of this driver are marked with. */
export const DRIVER_NAME = "qemu";

export interface QemuPorts {
  readonly clock: Clock;
  readonly commands: CommandRunner;
  readonly files: Files;
  readonly processes: Processes;
  readonly sockets: UnixSockets;
}

export interface DriverParts {
  readonly ports: QemuPorts;
  readonly host: HostSupport;
  /** Guests' consoles, by the path of each one's socket. */
  readonly consoles: OutputTails;
  readonly streams: GuestStreams;
}
