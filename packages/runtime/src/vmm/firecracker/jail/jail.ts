/**
 * A VM's jail: a fresh directory with nothing in it but what this VM needs. Nothing is mounted. Called
 * by launch and restore, which have cleared what an earlier VM left, and by remains.
 */
import { dirname, join } from "node:path";
import { MvmError } from "@mvm/core";
import type { FileIdentity } from "../../ports/raw-files.ts";
import {
  attachLoop,
  detachLoops,
  loopsOf,
  makeNodes,
  type BlockNodePorts,
  type LoopNode,
  type WantedNode,
} from "./block-nodes.ts";
import { logPipePath, type JailPaths } from "./jail-paths.ts";
import { OWN_PLACES, stagingOf, type Artifact, type Staged } from "./staging.ts";

const MAX_NOTE_BYTES = 64 * 1024;
const TIMEOUT_MS = 30_000;
const OWN_FILE_MODE = 0o440;
const ROOTS_FILE_MODE = 0o600;
const OTHERS_READ = 0o004;
const READ_NODE_MODE = 0o440;
const WRITE_NODE_MODE = 0o660;
const CLOSED_DIR_MODE = 0o750;

export type JailPorts = BlockNodePorts;

export interface JailRequest {
  readonly jailsDir: string;
  readonly paths: JailPaths;
  /** uid and gid of the VM. */
  readonly uid: number;
  readonly artifacts: readonly Artifact[];
}

export interface StagedJail {
  /** To let go of once the VMM has opened its drives. */
  readonly loops: readonly LoopNode[];
  /** All that was put there for the VMM to open. */
  readonly files: readonly FileIdentity[];
}

/** The directory that all jails lie in, with the pipe that each one's log is a copy of; made once. */
export async function ensureJailsDir({ commands, files }: JailPorts, jailsDir: string): Promise<void> {
  await files.ensureDir(jailsDir, { mode: 0o700 });
  const pipe = logPipePath(jailsDir);
  if ((await files.stat(pipe)) === null)
    await commands.run({ argv: ["mkfifo", "--mode=0600", pipe], timeoutMs: TIMEOUT_MS });
}

/** @throws MvmError MVM_VM_DRIVER when an artifact is not as it must be */
export async function makeJail(ports: JailPorts, request: JailRequest): Promise<StagedJail> {
  const { files, raw } = ports;
  const { paths, artifacts, jailsDir, uid } = request;
  await files.ensureDir(dirname(paths.dir), { mode: 0o700 });
  await files.ensureDir(paths.dir, { mode: 0o700 });
  await files.ensureDir(paths.root, { mode: 0o700 });
  const jailDevice = (await raw.identify(paths.dir))?.device ?? -1;
  const staged = await Promise.all(
    artifacts.map(async (artifact) => stagingOf(artifact, await raw.identify(artifact.source), jailDevice)),
  );
  for (const each of staged)
    if (each.kind === "own-link" || each.kind === "shared-link") await link(ports, request, each);
  const nodes: WantedNode[] = [{ source: logPipePath(jailsDir), target: paths.log, gid: uid, mode: WRITE_NODE_MODE }];
  const loops: LoopNode[] = [];
  // Noted before they are there: the next agent must find them even if this one dies in between.
  const behindLoops = staged.filter(({ kind }) => kind === "loop-node").map(({ artifact }) => artifact.source);
  if (behindLoops.length > 0) await raw.write(paths.attached, behindLoops.join("\n"));
  for (const { kind, artifact } of staged) {
    if (kind !== "loop-node" && kind !== "device-node") continue;
    const source = kind === "loop-node" ? await attachLoop(ports, artifact.source) : artifact.source;
    const target = join(paths.root, artifact.inside);
    if (kind === "loop-node") loops.push({ device: source, node: target });
    const mode = artifact.writable ? WRITE_NODE_MODE : READ_NODE_MODE;
    nodes.push({ source, target, gid: uid, mode });
  }
  await makeNodes(ports, paths.root, nodes);
  const places = [paths.log, ...artifacts.map((artifact) => join(paths.root, artifact.inside))];
  return { loops, files: await Promise.all(places.map((place) => identified(ports, place))) };
}

async function identified({ raw }: JailPorts, path: string): Promise<FileIdentity> {
  const found = await raw.identify(path);
  if (found === null) throw new MvmError("MVM_VM_DRIVER", { message: `${path} is gone as soon as it was made` });
  return found;
}

async function link({ files }: JailPorts, { paths, uid }: JailRequest, { kind, artifact }: Staged): Promise<void> {
  const target = join(paths.root, artifact.inside);
  const directory = dirname(target);
  // Below the jail's own directory; the VM may look into it, not change it.
  if (directory !== paths.root) await files.ensureDir(directory, { mode: CLOSED_DIR_MODE, uid: 0, gid: uid });
  await files.link(artifact.source, target);
  if (kind === "shared-link") return;
  await files.chown(target, 0, uid);
  await files.chmod(target, OWN_FILE_MODE);
}

/**
 * Takes from the VM what the jailer gave it and it needs no more once its sockets are there: with this, its
 * uid can make no file anywhere, nor fill a disk of the host.
 */
export async function closeJail({ files }: Pick<JailPorts, "files">, { root }: JailPaths, uid: number): Promise<void> {
  for (const directory of [root, join(root, "dev"), join(root, "dev/net"), join(root, "run")]) {
    const found = await files.stat(directory);
    if (found?.kind !== "directory")
      throw new MvmError("MVM_VM_CONFINEMENT", { message: `${directory} is not the directory that the jailer makes` });
    await files.chown(directory, 0, uid);
    await files.chmod(directory, CLOSED_DIR_MODE);
  }
}

/**
 * Removes the jail and what it held of loop devices; only when no process is in it. What was linked for this
 * VM alone is then root's alone again, as it came. Missing is fine.
 */
export async function removeJail(ports: JailPorts, paths: JailPaths): Promise<void> {
  const note = (await ports.files.read(paths.attached, MAX_NOTE_BYTES))?.toString("utf8") ?? "";
  await detachLoops(
    ports,
    await loopsOf(
      ports,
      note.split("\n").filter((line) => line !== ""),
    ),
  );
  for (const path of OWN_PLACES) await takeBack(ports, join(paths.root, path));
  await ports.files.remove(paths.dir);
}

async function takeBack({ files }: JailPorts, path: string): Promise<void> {
  const found = await files.stat(path);
  if (found?.kind !== "file" || found.uid !== 0 || (found.mode & OTHERS_READ) !== 0) return;
  await files.chown(path, 0, 0);
  await files.chmod(path, ROOTS_FILE_MODE);
}
