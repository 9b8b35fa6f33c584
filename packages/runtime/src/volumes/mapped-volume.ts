/**
 * What the kernel says of the mappings of device-mapper and the files below them. Reads sysfs only:
 * no process is started, nothing is changed.
 *
 * A mapping of ours is dm-crypt on one loop device on a file. Whose file that is, the caller judges.
 */
import { isMvmError, type Files } from "@mvm/core";

const BLOCK = "/sys/block";
/** sysfs gives every file the size of a page. */
const MAX_ATTRIBUTE_BYTES = 64 * 1024;
const SECTOR_BYTES = 512;
const LUKS2_UUID = "CRYPT-LUKS2-";

export interface MappedVolume {
  /** The mapping's name, as under /dev/mapper. */
  readonly name: string;
  readonly sizeBytes: number;
  /** Whether dm-crypt opened LUKS2 behind it, by the mark that cryptsetup leaves. */
  readonly isLuks2: boolean;
  /** Whether it has nothing below it yet. */
  readonly isHalfMade: boolean;
  readonly loop: LoopDevice | null;
}

export interface LoopDevice {
  /** Such as `loop3`. */
  readonly name: string;
  readonly backingFile: string;
  readonly isDirect: boolean;
}

type SysFiles = Pick<Files, "read" | "list">;

/** The mapping of that name, or null. */
export async function observeMapping(files: SysFiles, name: string): Promise<MappedVolume | null> {
  for (const disk of await mapperDisks(files)) {
    if ((await attribute(files, `${disk}/dm/name`)) === name) return describe(files, disk, name);
  }
  return null;
}

/** Names of all mappings that begin with `prefix`, sorted. */
export async function observeMappingNames(files: SysFiles, prefix: string): Promise<readonly string[]> {
  const names: string[] = [];
  for (const disk of await mapperDisks(files)) {
    const name = await attribute(files, `${disk}/dm/name`);
    if (name?.startsWith(prefix) === true) names.push(name);
  }
  return names.sort();
}

async function mapperDisks(files: SysFiles): Promise<readonly string[]> {
  return (await files.list(BLOCK)).filter((disk) => /^dm-\d+$/.test(disk));
}

/** Null when it went away during the look. */
async function describe(files: SysFiles, disk: string, name: string): Promise<MappedVolume | null> {
  const [sectors, uuid] = [await attribute(files, `${disk}/size`), await attribute(files, `${disk}/dm/uuid`)];
  const below = await files.list(`${BLOCK}/${disk}/slaves`);
  if (sectors === null || uuid === null) return null;
  return {
    name,
    sizeBytes: Number(sectors) * SECTOR_BYTES,
    isLuks2: uuid.startsWith(LUKS2_UUID),
    isHalfMade: below.length === 0,
    loop: await loopOf(files, below),
  };
}

async function loopOf(files: SysFiles, below: readonly string[]): Promise<LoopDevice | null> {
  const [name, ...others] = below;
  if (name === undefined || others.length > 0 || !/^loop\d+$/.test(name)) return null;
  const backingFile = await attribute(files, `${name}/loop/backing_file`);
  if (backingFile === null) return null;
  return { name, backingFile, isDirect: (await attribute(files, `${name}/loop/dio`)) === "1" };
}

/** One line of sysfs; null when the device is not there or goes away while it is read. */
async function attribute(files: SysFiles, path: string): Promise<string | null> {
  try {
    const bytes = await files.read(`${BLOCK}/${path}`, MAX_ATTRIBUTE_BYTES);
    return bytes === null ? null : bytes.toString("utf8").replace(/\n$/, "");
  } catch (error) {
    if (isMvmError(error)) throw error;
    return null;
  }
}
