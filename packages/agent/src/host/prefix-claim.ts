/**
 * Claims the name prefix of the node's networks on this host: names are counted from 1 in every
 * installation, so two agents with one prefix would take each other's networks. A host adapter.
 *
 * The kernel drops the claim with the process.
 */
import { join } from "node:path";
import { messageOf, MvmError, takeExclusiveLock, type ExclusiveLock, type Files } from "@mvm/core";

/** Where every installation on this host looks, whatever directories it has. */
const RUN = "/run";
const MAX_PATH_BYTES = 4096;

export interface PrefixClaim {
  release(): Promise<void>;
}

export interface PrefixClaimOptions {
  readonly namePrefix: string;
  readonly stateDir: string;
  readonly files: Pick<Files, "read" | "writeAtomic" | "remove">;
  /** For tests; default: the host's own. */
  readonly runDir?: string;
}

/** @throws MvmError MVM_NET_PREFIX_TAKEN, MVM_STORE_FAILED */
export async function claimNamePrefix(options: PrefixClaimOptions): Promise<PrefixClaim> {
  const { namePrefix, stateDir, files, runDir = RUN } = options;
  const path = join(runDir, `mvm-prefix-${namePrefix}.lock`);
  const ownerPath = join(runDir, `mvm-prefix-${namePrefix}.owner`);
  const lock = lockAt(path);
  if (lock === null) throw taken(options, await ownerOf(files, ownerPath));
  try {
    await files.writeAtomic(ownerPath, `${stateDir}\n`);
  } catch (error) {
    lock.release();
    throw error;
  }
  return {
    async release() {
      await files.remove(ownerPath);
      lock.release();
    },
  };
}

function lockAt(path: string): ExclusiveLock | null {
  try {
    return takeExclusiveLock(path);
  } catch (cause) {
    throw new MvmError("MVM_STORE_FAILED", { message: `can't lock ${path}: ${messageOf(cause)}`, cause });
  }
}

async function ownerOf(files: PrefixClaimOptions["files"], path: string): Promise<string | null> {
  return (await files.read(path, MAX_PATH_BYTES))?.toString("utf8").trim() ?? null;
}

function taken({ namePrefix, stateDir }: PrefixClaimOptions, other: string | null): MvmError {
  const holder = other === null ? "another agent" : `the agent with the state directory ${other}`;
  return new MvmError("MVM_NET_PREFIX_TAKEN", {
    message: `${holder} holds the [network] name_prefix '${namePrefix}' on this host`,
    details: { name_prefix: namePrefix, state_dir: stateDir, other_state_dir: other },
  });
}
