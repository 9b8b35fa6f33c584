/** What the quickstart needs of the machine beyond a command's context. Implemented in host/. */
import type { HostProcess, Machine } from "@mvm/agent";
import type { EffectiveConfig, Processes } from "@mvm/core";

export interface Installation {
  /** The clone's root: the directory that holds `microvms/` and `examples/`. */
  readonly root: string;
  /** Node and this program's entry file: how a server of it is started. */
  readonly argv: readonly [node: string, entry: string];
}

export type NodeConfig = Pick<EffectiveConfig, "node" | "network">;

export interface QuickstartHost {
  readonly machine: Machine;
  readonly installation: Installation;
  readonly processes: Processes;
  /** Of this process. */
  readonly pid: number;
  /** Takes the lock at that path until it is released or this process ends; null when another one holds it. */
  lock(path: string): { release(): void } | null;
  /** Every process of the host with its command line. */
  listProcesses(): Promise<readonly HostProcess[]>;
  /** What of instances is on this host, in words, known to a journal or not; the agent is stopped. */
  remainsOfNode(config: NodeConfig): Promise<readonly string[]>;
  /** Takes the stopped agent of that config off this host; what of instances is still here, in words, when it can't. */
  tearDownNode(config: NodeConfig): Promise<readonly string[]>;
}
