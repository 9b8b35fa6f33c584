/**
 * Takes the quickstart's node off the host once its tenants are destroyed and its servers stopped:
 * the agent first looks whether anything of instances is still here, and then nothing is removed.
 */
import { type EffectiveConfig, type Files, MvmError } from "@mvm/core";
import type { QuickstartHost } from "./host-port.ts";
import { removeOwn } from "./own-directory.ts";

export interface NodeRemoval {
  readonly files: Files;
  readonly host: Pick<QuickstartHost, "tearDownNode">;
  readonly config: Pick<EffectiveConfig, "node" | "network">;
}

/** @throws MvmError MVM_NODE_NOT_EMPTY naming what is left */
export async function removeNode({ files, host, config }: NodeRemoval): Promise<void> {
  const left = await host.tearDownNode(config);
  if (left.length > 0) {
    throw new MvmError("MVM_NODE_NOT_EMPTY", {
      message: `the tenants are destroyed, but this is still on the host: ${left.join("; ")}`,
      details: { left },
    });
  }
  const { runtime_dir: runtimeDir, keys_dir: keysDir, state_dir: stateDir } = config.node;
  // The state directory goes last: while it bears its mark, a removal that was cut is gone on with.
  for (const dir of [runtimeDir, keysDir, stateDir]) await removeOwn(files, dir);
}
