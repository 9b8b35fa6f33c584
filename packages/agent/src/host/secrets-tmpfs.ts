/**
 * The tmpfs under which everything secret lies in the clear. A host adapter.
 *
 * Mounted by the agent itself where the runtime directory is not a tmpfs already, as on hosts whose
 * /run is a disk; a second call finds it there.
 */
import type { CommandRunner, Files } from "@mvm/core";

const TIMEOUT_MS = 10_000;
/** Others may pass through to what is theirs, and read nothing of the list. */
const DIRECTORY_MODE = 0o711;
/** A limit, not a reservation: secrets drives are a MiB or two each. */
const SIZE_MIB = 512;

export interface MountPorts {
  readonly files: Files;
  readonly commands: CommandRunner;
}

/** Makes sure that `dir` lies on a tmpfs. */
export async function ensureSecretsTmpfs(dir: string, { files, commands }: MountPorts): Promise<void> {
  await files.ensureDir(dir, { mode: DIRECTORY_MODE });
  if (await files.isTmpfs(dir)) return;
  await commands.run({ argv: mountArgv(dir), timeoutMs: TIMEOUT_MS });
}

/** Takes the agent's own tmpfs away, if there is one; what is not mounted is left alone. */
export async function removeSecretsTmpfs(dir: string, { files, commands }: MountPorts): Promise<void> {
  if ((await files.stat(dir)) === null) return;
  const { code } = await commands.run({ argv: ["mountpoint", "-q", dir], timeoutMs: TIMEOUT_MS, okCodes: [0, 1, 32] });
  if (code === 0) await commands.run({ argv: ["umount", dir], timeoutMs: TIMEOUT_MS });
}

export function mountArgv(dir: string): readonly [string, ...string[]] {
  const options = `nodev,nosuid,noexec,mode=${DIRECTORY_MODE.toString(8).padStart(4, "0")},size=${SIZE_MIB}m`;
  return ["mount", "-t", "tmpfs", "-o", options, "mvm-secrets", dir];
}
