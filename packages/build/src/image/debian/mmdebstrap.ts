/**
 * mmdebstrap: unpacks or installs Debian packages into a tree or archive of their own. Builders and
 * parsers only; pure.
 *
 * Debian's mirrors hold each package's newest version alone, so versions can't be fixed beforehand:
 * what was installed stands in the image's manifest, and an archive is kept until it is asked anew.
 */
import type { CommandRequest } from "@mvm/core";
import { boundArgv } from "../bound-command.ts";

/** The Debian release of all images. */
export const DEBIAN_SUITE = "bookworm";

/** What files made by a build are dated, seconds since 1970: the same inputs give the same bytes. */
export const SOURCE_DATE_EPOCH = 1_793_491_200;

const MMDEBSTRAP_TIMEOUT_MS = 20 * 60_000;
/** Documentation and translations: nobody reads them in a guest. */
const EXCLUDED_PATHS = ["/usr/share/doc/*", "/usr/share/info/*", "/usr/share/locale/*", "/usr/share/man/*"];
const MERGED_USR_HOOKS = "/usr/share/mmdebstrap/hooks/merged-usr";

export interface MmdebstrapOptions {
  /** `extract` unpacks the packages only, `essential` also configures them on top of a bootable minimum. */
  readonly variant: "extract" | "essential";
  readonly format: "directory" | "tar";
  readonly packages: readonly string[];
  /** Path of the tree or archive to make. */
  readonly target: string;
  /** Where temporary files go; removed by the caller whatever happens. */
  readonly workDir: string;
  /** Proxy settings of this host. */
  readonly downloadEnv: Readonly<Record<string, string>>;
  readonly onLine: (line: string) => void;
  readonly signal?: AbortSignal;
}

/** The command that makes the tree or archive; needs root. */
export function mmdebstrapRequest(options: MmdebstrapOptions): CommandRequest {
  const { variant, format, packages, target, workDir, downloadEnv, onLine, signal } = options;
  return {
    argv: boundArgv([
      "mmdebstrap",
      "--mode=root",
      `--variant=${variant}`,
      `--format=${format}`,
      `--include=${packages.toSorted().join(",")}`,
      // Without it usr-is-merged would be met by a package that brings the whole of Perl.
      ...(variant === "essential" ? [`--hook-dir=${MERGED_USR_HOOKS}`] : []),
      ...EXCLUDED_PATHS.map((path) => `--dpkgopt=path-exclude=${path}`),
      DEBIAN_SUITE,
      target,
    ]),
    env: { ...downloadEnv, SOURCE_DATE_EPOCH: String(SOURCE_DATE_EPOCH), TMPDIR: workDir },
    timeoutMs: MMDEBSTRAP_TIMEOUT_MS,
    maxOutputBytes: 64 * 1024 * 1024,
    onLine,
    ...(signal === undefined ? {} : { signal }),
  };
}

/** Versions by package name from dpkg's status file. */
export function parsePackageStatus(status: string): ReadonlyMap<string, string> {
  const versions = new Map<string, string>();
  for (const paragraph of status.split("\n\n")) {
    const name = /^Package: (.+)$/m.exec(paragraph)?.[1];
    const version = /^Version: (.+)$/m.exec(paragraph)?.[1];
    if (name !== undefined && version !== undefined) versions.set(name, version);
  }
  return versions;
}

/** The lines of mmdebstrap's output that tell a person how far it is, and how to say it. */
const PROGRESS: readonly (readonly [beginning: string, detail: string])[] = [
  ["I: running apt-get update", "reading Debian's package lists"],
  ["I: downloading packages", "downloading packages"],
  ["I: extracting archives", "unpacking packages"],
  ["I: installing essential packages", "configuring the essential packages"],
  ["I: installing remaining packages", "configuring the other packages"],
  ["I: creating tarball", "packing the tree"],
];

/** What mmdebstrap is at, from one line of its output; null for lines that tell nobody anything. */
export function mmdebstrapProgress(line: string): string | null {
  return PROGRESS.find(([beginning]) => line.startsWith(beginning))?.[1] ?? null;
}
