/** What the quickstart needs of the machine beyond a command's context. Implemented in host/. */
import type { Machine } from "@mvm/agent";
import type { Processes } from "@mvm/core";

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
  /** Takes away the tmpfs that an agent mounted for secrets; where there is none, nothing happens. */
  removeSecretsTmpfs(path: string): Promise<void>;
}
