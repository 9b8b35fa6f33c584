/**
 * Device nodes in a jail: made by one `cp -R`, because Node has no mknod, and loop devices for files that
 * can't be linked. A loop device is let go as soon as the VMM has opened it, and its node removed: the
 * kernel then frees it at the VMM's end, however that comes.
 */
import { basename, join } from "node:path";
import type { CommandRunner, Files } from "@mvm/core";
import type { RawFiles } from "../../ports/raw-files.ts";

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

/** A loop device of a VM's own, and its node in the VM's jail. */
export interface LoopNode {
  readonly device: string;
  /** Path on the host. */
  readonly node: string;
}

/**
 * Once the VMM has opened them. The nodes go first: the kernel gives the device to whoever asks next as soon
 * as nobody has it open, and no path of a jail may lead to another VM's secrets then.
 */
export async function letGoOfLoops(
  ports: Pick<BlockNodePorts, "commands" | "files">,
  loops: readonly LoopNode[],
): Promise<void> {
  for (const { node } of loops) await ports.files.remove(node);
  await detachLoops(
    ports,
    loops.map(({ device }) => device),
  );
}

/** The loop devices that one of these files is behind. */
export async function loopsOf(
  { files, raw }: Pick<BlockNodePorts, "files"> & { readonly raw: Pick<RawFiles, "identify"> },
  backing: readonly string[],
): Promise<readonly string[]> {
  if (backing.length === 0) return [];
  const wanted = await Promise.all(backing.map((path) => raw.identify(path)));
  const loops = (await files.list("/sys/block")).filter((name) => /^loop\d+$/.test(name));
  const found = await Promise.all(
    loops.map(async (name) => {
      const text = (await files.read(`/sys/block/${name}/loop/backing_file`, MAX_NAME_BYTES))?.toString("utf8");
      const path = text?.replace(/\n$/, "");
      if (path === undefined) return [];
      const file = await raw.identify(path);
      // The kernel tells the real path, the file may be known by a link. Of one that was removed only the path is left.
      const isWanted =
        file === null
          ? path.endsWith(DELETED) && backing.includes(path.slice(0, -DELETED.length))
          : wanted.some((one) => one?.inode === file.inode && one.device === file.device);
      return isWanted ? [`/dev/${name}`] : [];
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
