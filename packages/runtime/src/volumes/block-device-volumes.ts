/**
 * Data volumes as devices of dm-crypt: a sparse LUKS2 file, a loop device, a mapping whose name is
 * the node's prefix and the instance's id. Called by agent/src/lifecycle only; never mounts, never
 * reformats. What is open is read from the kernel each time, so that an agent that starts anew finds
 * what another one opened.
 *
 * A guest's flush reaches the disk: the VMM's fsync on the device writes the page cache back, dm-crypt
 * passes the flush down, the loop device answers it with an fsync of the file, and the file system of
 * the host with a commit and a flush of its disk. Direct I/O on the file spares a second cache.
 */
import { isMvmError, MvmError, type CommandResult, type CommandRunner, type Files, type Random } from "@mvm/core";
import { directIoArgv, growLoopArgv, growMappingArgv, luksOpenArgv, removeArgv } from "./luks-argv.ts";
import { observeMapping, observeMappingNames, type LoopDevice, type MappedVolume } from "./mapped-volume.ts";
import {
  ensureVolumeFile,
  growVolumeFile,
  keyMissing,
  removeVolumeFile,
  VOLUME_TOOL_TIMEOUT_MS,
  volumePath,
} from "./volume-file.ts";
import { volumeKeys, type VolumeKeys } from "./volume-key.ts";
import type { VolumePlace, VolumeRequest, Volumes } from "./volumes.ts";

const BYTES_PER_MIB = 1024 * 1024;
/** How `cryptsetup open` ends when the name is in use. */
const NAME_TAKEN = 5;

export interface BlockDeviceVolumesOptions {
  readonly commands: CommandRunner;
  readonly files: Files;
  readonly random: Random;
  /** Beginning of every name that the host sees. */
  readonly namePrefix: string;
}

type Parts = BlockDeviceVolumesOptions & { readonly keys: VolumeKeys };

/** A mapping that is ours, with what it lies on. */
type OwnVolume = MappedVolume & { readonly loop: LoopDevice };

export function createBlockDeviceVolumes(options: BlockDeviceVolumesOptions): Volumes {
  const parts: Parts = { ...options, keys: volumeKeys(options) };
  const { files, keys } = parts;
  const prefix = mappingName(options, "");
  return {
    async ensureVolume(request) {
      const ensured = await ensureVolumeFile(parts, "luks2", request);
      const mapped = ensured.created ? null : await ownVolume(parts, request);
      if (mapped !== null) await growOpen(parts, request, mapped);
      return ensured;
    },

    async growVolume(request) {
      await growVolumeFile(parts, "luks2", request);
      const mapped = await ownVolume(parts, request);
      if (mapped === null) throw failed(request, "its device is not open");
      await growOpen(parts, request, mapped);
    },

    openVolume: (request) => openVolume(parts, request),

    async dataDrive(place) {
      const mapped = await ownVolume(parts, place);
      return mapped === null ? null : { path: `/dev/mapper/${mapped.name}` };
    },

    // The key goes to cryptsetup through a pipe: there is no file to hide.
    hideKey: () => Promise.resolve(),

    closeVolume: (place) => closeVolume(parts, place),

    async destroyVolume(place) {
      // Before anything can fail: without the key the volume's bytes are noise.
      await keys.remove(place.stateDir);
      await closeVolume(parts, place);
      await removeVolumeFile(parts, place.stateDir);
    },

    async leftovers() {
      const names = await observeMappingNames(files, prefix);
      return names.map((name) => `volume ${name.slice(prefix.length)}`);
    },
  };
}

/** No two nodes' names meet: a prefix holds no `-`, so it ends at the first one. */
function mappingName({ namePrefix }: Pick<Parts, "namePrefix">, instance: string): string {
  return `${namePrefix}-${instance}`;
}

async function openVolume(parts: Parts, request: VolumeRequest): Promise<void> {
  const known = await ownVolume(parts, request);
  if (known === null) await openMapping(parts, request);
  const opened = known ?? (await ownVolume(parts, request));
  if (opened === null) throw failed(request, "its device vanished as soon as it was open");
  // Where the file system can't do it the cache stays in between: no promise depends on it.
  if (!opened.loop.isDirect) await runTool(parts, request, { argv: directIoArgv(opened.loop.name), okCodes: [0, 1] });
}

async function openMapping(parts: Parts, request: VolumeRequest): Promise<void> {
  const path = volumePath(request.stateDir);
  const key = await parts.keys.stored(request);
  if (key === null) throw keyMissing(path);
  const open = { argv: luksOpenArgv(path, mappingName(parts, request.instance)), stdin: key.reveal() };
  if ((await runTool(parts, request, { ...open, okCodes: [0, NAME_TAKEN] })).code === 0) return;
  // Whoever was cut while he opened it left a name without a device.
  await closeVolume(parts, request);
  await runTool(parts, request, open);
}

/** By name and without a look before: a name without a device is seen nowhere in sysfs. */
async function closeVolume(parts: Parts, place: VolumePlace): Promise<void> {
  const name = mappingName(parts, place.instance);
  const { code, stderr } = await runTool(parts, place, { argv: removeArgv(name), okCodes: [0, 1] });
  if (code === 0 || (await observeMapping(parts.files, name)) === null) return;
  throw failed(place, `the device /dev/mapper/${name} is still in use`, { stderr });
}

/** The instance's mapping when it is open on the instance's file; null when there is none, or a half made one. */
async function ownVolume({ files, ...parts }: Parts, place: VolumePlace): Promise<OwnVolume | null> {
  const mapped = await observeMapping(files, mappingName(parts, place.instance));
  if (mapped === null || mapped.isHalfMade) return null;
  const { loop, isLuks2, name } = mapped;
  const path = volumePath(place.stateDir);
  // By the file itself: the kernel tells its real path, the state directory may be reached by a link.
  const [backing, volume] = [loop === null ? null : await files.stat(loop.backingFile), await files.stat(path)];
  const isOurs = backing !== null && backing.inode === volume?.inode && backing.device === volume.device;
  if (loop !== null && isLuks2 && isOurs) return { ...mapped, loop };
  throw new MvmError("MVM_VOLUME_FAILED", {
    message: `the device /dev/mapper/${name} is open, but not on ${path}`,
    remedy: `See dmsetup deps ${name} and losetup for what it is; remove it when it is nobody's: dmsetup remove ${name}`,
    details: { mapping: name, backing_file: loop?.backingFile ?? null },
  });
}

/** Lets the devices over a file that has grown take all of it. */
async function growOpen(parts: Parts, request: VolumeRequest, { name, loop, sizeBytes }: OwnVolume): Promise<void> {
  if (sizeBytes >= request.sizeMib * BYTES_PER_MIB) return;
  const key = await parts.keys.stored(request);
  if (key === null) throw keyMissing(volumePath(request.stateDir));
  await runTool(parts, request, { argv: growLoopArgv(loop.name) });
  await runTool(parts, request, { argv: growMappingArgv(name), stdin: key.reveal() });
}

interface ToolRun {
  readonly argv: readonly [string, ...string[]];
  readonly stdin?: Uint8Array;
  readonly okCodes?: readonly number[];
}

async function runTool({ commands }: Parts, { instance }: VolumePlace, run: ToolRun): Promise<CommandResult> {
  try {
    return await commands.run({ ...run, timeoutMs: VOLUME_TOOL_TIMEOUT_MS });
  } catch (cause) {
    if (!isMvmError(cause)) throw cause;
    const { argv } = run;
    throw new MvmError("MVM_VOLUME_FAILED", {
      message: `${argv.slice(0, 2).join(" ")} failed for the data volume of ${instance}`,
      cause,
      retry: "backoff",
      details: cause.details,
    });
  }
}

function failed({ instance }: VolumePlace, why: string, details: Readonly<Record<string, unknown>> = {}): MvmError {
  return new MvmError("MVM_VOLUME_FAILED", {
    message: `the data volume of ${instance}: ${why}`,
    retry: "backoff",
    details,
  });
}
