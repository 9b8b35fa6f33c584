/**
 * The LUKS file of an instance, whichever way it is opened: made, grown, removed.
 *
 * `<stateDir>/data.luks` appears by rename when its header is complete, and the sealed key is there
 * before: a file without a key is therefore never one of ours cut short, and is refused.
 */
import { join } from "node:path";
import { MvmError, type CommandRunner, type Files, type Secret } from "@mvm/core";
import { luksFormatArgv, growFileArgv, LUKS_HEADER_MIB, type LuksVersion } from "./luks-argv.ts";
import type { VolumeKeys } from "./volume-key.ts";
import type { VolumeRequest } from "./volumes.ts";

const MIB = 1024 * 1024;
export const VOLUME_TOOL_TIMEOUT_MS = 60_000;

export interface VolumeFilePorts {
  readonly commands: CommandRunner;
  readonly files: Files;
  readonly keys: VolumeKeys;
}

export interface EnsuredFile {
  readonly path: string;
  readonly created: boolean;
}

export function volumePath(stateDir: string): string {
  return join(stateDir, "data.luks");
}

/** @throws MvmError MVM_VOLUME_FAILED, MVM_KEY_UNSEAL_FAILED */
export async function ensureVolumeFile(
  ports: VolumeFilePorts,
  version: LuksVersion,
  request: VolumeRequest,
): Promise<EnsuredFile> {
  const { files, keys } = ports;
  const path = volumePath(request.stateDir);
  if ((await files.stat(path)) !== null) {
    await growVolumeFile(ports, version, request);
    return { path, created: false };
  }
  const key = (await keys.stored(request)) ?? (await keys.make(request));
  await makeFile(ports, { request, version, sizeMib: fileMib(version, request), key });
  return { path, created: true };
}

/**
 * Makes a file that is there big enough; never smaller.
 * @throws MvmError MVM_VOLUME_FAILED also when it or its key is missing, MVM_KEY_UNSEAL_FAILED
 */
export async function growVolumeFile(
  { commands, files, keys }: VolumeFilePorts,
  version: LuksVersion,
  request: VolumeRequest,
): Promise<void> {
  const path = volumePath(request.stateDir);
  const volume = await files.stat(path);
  if (volume === null)
    throw new MvmError("MVM_VOLUME_FAILED", {
      message: `the data volume of ${request.instance} is not at ${path}`,
      remedy: "Restore the volume and the sealed key beside it, or destroy the instance.",
    });
  if ((await keys.stored(request)) === null) throw keyMissing(path);
  const sizeMib = fileMib(version, request);
  if (volume.sizeBytes >= sizeMib * MIB) return;
  try {
    await commands.run({ argv: growFileArgv(path, sizeMib), timeoutMs: VOLUME_TOOL_TIMEOUT_MS });
  } catch (cause) {
    throw new MvmError("MVM_VOLUME_FAILED", {
      message: `can't grow the data volume of ${request.instance} to ${request.sizeMib} MiB`,
      cause,
      retry: "backoff",
    });
  }
}

function fileMib(version: LuksVersion, { sizeMib }: VolumeRequest): number {
  return sizeMib + LUKS_HEADER_MIB[version];
}

/** The key first: without it the volume's bytes are noise, whatever happens to the file. */
export async function removeVolumeFile(
  { files, keys }: Pick<VolumeFilePorts, "files" | "keys">,
  stateDir: string,
): Promise<void> {
  await keys.remove(stateDir);
  await files.remove(volumePath(stateDir));
  await files.remove(unfinishedPath(stateDir));
}

export function keyMissing(path: string): MvmError {
  return new MvmError("MVM_VOLUME_FAILED", {
    message: `the data volume ${path} has no key beside it`,
    remedy: "Restore data.key.sealed from where the volume came from, or destroy the instance.",
  });
}

function unfinishedPath(stateDir: string): string {
  return `${volumePath(stateDir)}.new`;
}

interface NewFile {
  readonly request: VolumeRequest;
  readonly version: LuksVersion;
  readonly sizeMib: number;
  readonly key: Secret;
}

async function makeFile(
  { commands, files }: Pick<VolumeFilePorts, "commands" | "files">,
  file: NewFile,
): Promise<void> {
  const { request, version, sizeMib, key } = file;
  const unfinished = unfinishedPath(request.stateDir);
  try {
    await files.remove(unfinished);
    await files.createSparse(unfinished, sizeMib * MIB);
    const argv = luksFormatArgv(unfinished, version);
    await commands.run({ argv, timeoutMs: VOLUME_TOOL_TIMEOUT_MS, stdin: key.reveal() });
    await files.rename(unfinished, volumePath(request.stateDir));
  } catch (cause) {
    await files.remove(unfinished);
    throw new MvmError("MVM_VOLUME_FAILED", {
      message: `can't make the data volume of ${request.instance}`,
      cause,
      retry: "backoff",
    });
  }
}
