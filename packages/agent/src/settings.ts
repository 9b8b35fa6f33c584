/**
 * What the agent is told about its node: plain values out of the configuration, nothing else of it.
 * Made by `agentSettings`; tests make their own. Durations in milliseconds, memory in MiB.
 */
import type { LoadedConfig, NodeId, NodeMode } from "@mvm/core";

export interface AgentSettings {
  readonly node: NodeId;
  readonly mode: NodeMode;
  /** Path, finding rule and hash of the configuration in use, for status. */
  readonly config: { readonly path: string; readonly rule: string; readonly hash: string };
  readonly coordinatorSocket: string;
  readonly imagesDir: string;
  readonly acceptedImages: readonly ("nix" | "debian")[];
  readonly stateDir: string;
  readonly runtimeDir: string;
  readonly keysDir: string;
  /** Holds the programs `firecracker` and `jailer`. */
  readonly firecrackerDir: string;
  /** Builds of Firecracker that production accepts although they are no releases. */
  readonly acceptedFirecracker: readonly string[];
  /** Beginning of every name that the host sees. */
  readonly namePrefix: string;
  /** First and last of the uids that VMs run as, one each. */
  readonly uidRange: readonly [first: number, last: number];
  readonly parallelStarts: number;
  /** What guests may have together: the machine's memory less what the host keeps. */
  readonly guestMemMib: number;
  readonly reservedMemMib: number;
  readonly cpus: number;
  /** From launch to the guest's first answer. */
  readonly bootTimeoutMs: number;
  /** Without a sign of life of the guest in this time a boot counts as hung. */
  readonly signOfLifeTimeoutMs: number;
  /** How long a guest may take to stop by itself. */
  readonly stopTimeoutMs: number;
}

/** The machine that the node is. */
export interface Machine {
  readonly cpus: number;
  readonly memMib: number;
}

/** QEMU's guests: a kernel prints its first line within two seconds, emulated or not; this leaves room for a busy host. */
const SIGN_OF_LIFE_TIMEOUT_MS = 30_000;

/** The settings of the node that a configuration describes, on this machine. Pure. */
export function agentSettings(loaded: LoadedConfig, machine: Machine): AgentSettings {
  const { node, network, coordinator, images } = loaded.config;
  const bootTimeoutMs = node.boot_timeout_seconds * 1000;
  return {
    node: node.name,
    mode: node.mode,
    config: { path: loaded.path, rule: loaded.rule, hash: loaded.meaningHash },
    coordinatorSocket: coordinator.socket,
    imagesDir: images.dir,
    acceptedImages: images.accept,
    stateDir: node.state_dir,
    runtimeDir: node.runtime_dir,
    keysDir: node.keys_dir,
    firecrackerDir: node.firecracker_dir,
    acceptedFirecracker: node.accept_firecracker,
    namePrefix: network.name_prefix,
    uidRange: node.uid_range,
    parallelStarts: node.parallel_starts,
    guestMemMib: Math.max(0, machine.memMib - node.reserved_mem_mib),
    reservedMemMib: node.reserved_mem_mib,
    cpus: machine.cpus,
    bootTimeoutMs,
    // Firecracker's guests have no console: what shows life is their init, whose share of a busy host may be small.
    signOfLifeTimeoutMs: node.mode === "production" ? bootTimeoutMs / 2 : SIGN_OF_LIFE_TIMEOUT_MS,
    stopTimeoutMs: node.stop_timeout_seconds * 1000,
  };
}
