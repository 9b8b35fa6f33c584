/** The drives of a test's VM: the image, a new volume, and two small file systems that a guest finds by their labels. */
import { chmod, mkdir, readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { CommandRunner } from "@mvm/core";
import {
  type DriverCapabilities,
  growFileArgv,
  growLoopArgv,
  growMappingArgv,
  luksFormatArgv,
  luksOpenArgv,
  type VmDrive,
} from "@mvm/runtime";

const COMMAND_TIMEOUT_MS = 60_000;
const MIB = 1024 * 1024;
const VOLUME_FILE = "data.luks";
const VOLUME_MIB = 64;
/** Room for the header of either kind. */
const HEADER_MIB = 2;
const MAPPER = "/dev/mapper/";
/** Sizes that no two drives share, so that a guest's words tell which drive it sees where. */
const DRIVE_MIB = { secrets: 3, config: 5 } as const;

export interface DrivesRequest {
  readonly commands: CommandRunner;
  readonly rootfs: string;
  /** Directories of this VM alone, on disk and on tmpfs. */
  readonly diskDir: string;
  readonly tmpfsDir: string;
  readonly keyPath: string;
  readonly networkEnv: string;
  readonly dataDrive: DriverCapabilities["dataDrive"];
  /** Of the opened volume, where the VMM doesn't decrypt it itself. */
  readonly mapping: string;
}

/** In the order vda, vdb, vdc, vdd. An opened volume is closed by `closeDrives`. */
export async function makeDrives(request: DrivesRequest): Promise<readonly VmDrive[]> {
  const { rootfs, diskDir, tmpfsDir, networkEnv } = request;
  return [
    { name: "rootfs", path: rootfs, readOnly: true },
    await dataDrive(request),
    await smallDrive(request, "secrets", { directory: tmpfsDir, files: {} }),
    await smallDrive(request, "config", { directory: diskDir, files: { "network.env": networkEnv } }),
  ];
}

interface DataGrowth {
  readonly commands: CommandRunner;
  /** Where its file lies. */
  readonly diskDir: string;
  readonly drives: readonly VmDrive[];
  readonly key: string;
  /** What the drive is to hold at least. */
  readonly sizeMib: number;
}

/** Makes the file behind the data drive bigger, and the device over it where there is one. */
export async function growDataDrive({ commands, diskDir, drives, key, sizeMib }: DataGrowth): Promise<void> {
  const path = join(diskDir, VOLUME_FILE);
  const limits = { timeoutMs: COMMAND_TIMEOUT_MS };
  await commands.run({ ...limits, argv: growFileArgv(path, sizeMib + HEADER_MIB) });
  const device = drives.find(({ name }) => name === "data")?.path ?? "";
  if (!device.startsWith(MAPPER)) return;
  const found = ["losetup", "--noheadings", "--output", "NAME", "--associated", path] as const;
  const loop = (await commands.run({ ...limits, argv: found })).stdout.trim();
  await commands.run({ ...limits, argv: growLoopArgv(loop.slice("/dev/".length)) });
  await commands.run({ ...limits, argv: growMappingArgv(device.slice(MAPPER.length)), stdin: Buffer.from(key) });
}

export async function closeDrives(commands: CommandRunner, drives: readonly VmDrive[]): Promise<void> {
  for (const { path } of drives) {
    if (!path.startsWith(MAPPER)) continue;
    const argv = ["cryptsetup", "close", path.slice(MAPPER.length)] as const;
    await commands.run({ argv, timeoutMs: COMMAND_TIMEOUT_MS });
  }
}

async function dataDrive({ commands, diskDir, keyPath, dataDrive: kind, mapping }: DrivesRequest): Promise<VmDrive> {
  const path = join(diskDir, VOLUME_FILE);
  await writeFile(path, "", { mode: 0o600 });
  await truncate(path, VOLUME_MIB * MIB);
  const withKey = { stdin: await readFile(keyPath), timeoutMs: COMMAND_TIMEOUT_MS };
  await commands.run({ ...withKey, argv: luksFormatArgv(path, kind === "luks-file" ? "luks1" : "luks2") });
  if (kind === "luks-file") return { name: "data", path, readOnly: false, luksKeyPath: keyPath };
  await commands.run({ ...withKey, argv: luksOpenArgv(path, mapping) });
  return { name: "data", path: `${MAPPER}${mapping}`, readOnly: false };
}

async function smallDrive(
  { commands }: DrivesRequest,
  name: keyof typeof DRIVE_MIB,
  { directory, files }: { readonly directory: string; readonly files: Readonly<Record<string, string>> },
): Promise<VmDrive> {
  const [path, tree] = [join(directory, `${name}.img`), join(directory, name)];
  await mkdir(tree);
  for (const [file, text] of Object.entries(files)) await writeFile(join(tree, file), text);
  const mke2fs = ["mke2fs", "-q", "-t", "ext4", "-L", `mvm-${name}`] as const;
  await commands.run({ argv: [...mke2fs, "-d", tree, path, `${DRIVE_MIB[name]}M`], timeoutMs: COMMAND_TIMEOUT_MS });
  await chmod(path, 0o600);
  return { name, path, readOnly: true };
}
