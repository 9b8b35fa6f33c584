/** What the quickstart needs of the machine beyond a command's context. Implemented in host/. */
import type { Machine } from "@mvm/agent";
import type { EffectiveConfig, Processes } from "@mvm/core";

export interface Installation {
  /** The clone's root: the directory that holds `microvms/` and `examples/`. */
  readonly root: string;
  /** Node and this program's entry file: how a server of it is started. */
  readonly argv: readonly [node: string, entry: string];
}

export interface QuickstartHost {
  readonly machine: Machine;
  readonly installation: Installation;
  readonly processes: Processes;
  /** Takes the stopped agent of that config off this host; what of instances is still here, in words, when it can't. */
  tearDownNode(config: Pick<EffectiveConfig, "node" | "network">): Promise<readonly string[]>;
}
