/**
 * Device nodes in a jail: made by one `cp -R`, because Node has no mknod, and loop devices for files that
 * can't be linked. A loop device is let go as soon as the VMM has opened it: the kernel then frees it at
 * the VMM's end, however that comes.
 */
import { basename, join } from "node:path";
import type { CommandRunner, Files } from "@mvm/core";
import type { RawFiles } from "../raw-files.ts";

const TIMEOUT_MS = 30_000;
const MAX_NAME_BYTES = 4_096;
const DELETED = " (deleted)";

export interface BlockNodePorts {
  readonly commands: CommandRunner;
  readonly files: Files;
  readonly raw: RawFiles;
}

type Argv = readonly [string, ...string[]];

export function attachArgv(file: string): Argv {
  return ["losetup", "--find", "--show", "--read-only", file];
}

export function detachArgv(devices: readonly string[]): Argv {
  return ["losetup", "--detach", ...devices];
}

/** Copies nodes as nodes; a symbolic link of /dev/mapper stands for its device. */
export function copyNodesArgv(nodes: readonly string[], directory: string): Argv {
  return ["cp", "-R", "-H", "--", ...nodes, directory];
}

/** @returns the loop device's path */
export async function attachLoop({ commands }: Pick<BlockNodePorts, "commands">, file: string): Promise<string> {
  return (await commands.run({ argv: attachArgv(file), timeoutMs: TIMEOUT_MS })).stdout.trim();
}

/** Lets go of loop devices: at once, or when the last process that has one open is gone. */
export async function detachLoops(
  { commands }: Pick<BlockNodePorts, "commands">,
  devices: readonly string[],
): Promise<void> {
  if (devices.length > 0) await commands.run({ argv: detachArgv(devices), timeoutMs: TIMEOUT_MS });
}

/** The loop devices that one of these files is behind. */
export async function loopsOf(
  { files }: Pick<BlockNodePorts, "files">,
  backing: readonly string[],
): Promise<readonly string[]> {
  if (backing.length === 0) return [];
  const loops = (await files.list("/sys/block")).filter((name) => /^loop\d+$/.test(name));
  const found = await Promise.all(
    loops.map(async (name) => {
      const text = (await files.read(`/sys/block/${name}/loop/backing_file`, MAX_NAME_BYTES))?.toString("utf8").trim();
      const file = text?.endsWith(DELETED) === true ? text.slice(0, -DELETED.length) : text;
      return file !== undefined && backing.includes(file) ? [`/dev/${name}`] : [];
    }),
  );
  return found.flat();
}

export interface WantedNode {
  readonly source: string;
  /** Path on the host. */
  readonly target: string;
  readonly gid: number;
  readonly mode: number;
}

/** Nodes of devices and pipes in one directory, root's and open to the VM's group alone. */
export async function makeNodes(
  { commands, files, raw }: BlockNodePorts,
  directory: string,
  nodes: readonly WantedNode[],
): Promise<void> {
  const sources = nodes.map(({ source }) => source);
  await commands.run({ argv: copyNodesArgv(sources, directory), timeoutMs: TIMEOUT_MS });
  for (const { source, target, gid, mode } of nodes) {
    const made = join(directory, basename(source));
    if (made !== target) await raw.rename(made, target);
    await files.chown(target, 0, gid);
    await files.chmod(target, mode);
  }
}
