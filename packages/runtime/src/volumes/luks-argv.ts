/**
 * Command lines for volumes. Pure. A key comes on standard input and never stands here; in LUKS it is
 * a passphrase, which needs no stretching because it is random.
 */

type Argv = readonly [string, ...string[]];

/** What LUKS puts before the data: 2 MiB for version 1 (sector 4096 on), 1 MiB for version 2 as made here. */
export const LUKS_HEADER_MIB = { luks1: 2, luks2: 1 } as const;
export type LuksVersion = keyof typeof LUKS_HEADER_MIB;

const FORMATS: Readonly<Record<LuksVersion, readonly string[]>> = {
  luks1: ["--hash", "sha256", "--pbkdf-force-iterations", "1000"],
  luks2: [
    ...["--hash", "sha256", "--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000"],
    // Guests' file systems write 4 KiB at least: an eighth of the work of 512 bytes.
    ...["--sector-size", "4096"],
    // Room for three keys instead of thirty-two: the area is filled with random bytes at the format.
    ...["--luks2-metadata-size", "16k", "--luks2-keyslots-size", "992k"],
  ],
};

export function luksFormatArgv(path: string, version: LuksVersion): Argv {
  const cipher = ["--cipher", "aes-xts-plain64", "--key-size", "512"];
  return [
    "cryptsetup",
    ...["luksFormat", "--type", version, "--batch-mode", ...cipher, ...FORMATS[version]],
    ...["--key-file", "-", path],
  ];
}

/** Opens a LUKS2 file. The loop device below is cryptsetup's own: the kernel takes it away with the mapping. */
export function luksOpenArgv(path: string, mapping: string): Argv {
  return ["cryptsetup", "open", "--type", "luks2", "--key-file", "-", path, mapping];
}

/** Past the page cache, so that the file's ciphertext isn't held in memory beside the device's plain text. */
export function directIoArgv(loop: string): Argv {
  return ["losetup", "--direct-io=on", `/dev/${loop}`];
}

/** Removes a mapping, also one whose making was cut; waits some seconds for whoever looks at it. */
export function removeArgv(mapping: string): Argv {
  return ["dmsetup", "remove", "--retry", mapping];
}

/** Makes the file at least that big; a bigger one stays as it is. */
export function growFileArgv(path: string, sizeMib: number): Argv {
  return ["truncate", `--size=>${sizeMib}M`, path];
}

/** Tells the loop device that its file has grown. */
export function growLoopArgv(loop: string): Argv {
  return ["losetup", "--set-capacity", `/dev/${loop}`];
}

/** Lets a mapping take all of the device below it; needs the key, because the kernel gives it back to nobody. */
export function growMappingArgv(mapping: string): Argv {
  return ["cryptsetup", "resize", "--key-file", "-", mapping];
}
