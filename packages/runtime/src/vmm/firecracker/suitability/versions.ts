/**
 * Which versions of Firecracker this driver takes, which it refuses, and why: data and its look-up. Pure.
 *
 * A version that stands nowhere here was not tried with this driver and is refused. Whoever adds one
 * runs the driver's suite with it first; its notes come from Firecracker's CHANGELOG and issues.
 */
interface SupportedVersion {
  /** Matches what `firecracker --version` calls itself. */
  readonly version: RegExp;
  readonly supported: true;
  /** Promises of production that this version does not keep, one sentence each. */
  readonly relaxations: readonly string[];
}

interface RefusedVersion {
  readonly version: RegExp;
  readonly supported: false;
  readonly reason: string;
}

export type VersionFacts = SupportedVersion | RefusedVersion;

const table: readonly VersionFacts[] = [
  {
    version: /^1\.(\d|1[0-4])\./,
    supported: false,
    reason: "gets no security updates any more",
  },
  { version: /^1\.15\.1$/, supported: true, relaxations: [] },
  {
    version: /^1\.16\.[01]$/,
    supported: false,
    // github.com/firecracker-microvm/firecracker issues 6074 and 6100
    reason:
      "never answers a host's vsock connection again after a VM was paused and resumed: a sleep that is given up would cut the guest channel",
  },
  {
    version: /^1\.17\.0-dev$/,
    supported: true,
    relaxations: ["Firecracker 1.17.0-dev is no release: its makers neither support it nor publish its security fixes"],
  },
];

/** What this driver takes, in words, for the remedy of a refusal. */
export const SUPPORTED_VERSIONS = "1.15.1";

/** @param version as printed, without the `v`: `1.15.1` */
export function versionFacts(version: string): VersionFacts {
  const known = table.find((entry) => entry.version.test(version));
  return known ?? { version: /^/, supported: false, reason: "was not tried with this version of mvm" };
}

/** The version in the output of `firecracker --version` or `jailer --version`; null when there is none. */
export function parsePrintedVersion(program: "Firecracker" | "Jailer", printed: string): string | null {
  const line = new RegExp(`^${program} v(\\d+\\.\\d+\\.\\d+[0-9A-Za-z.+-]*)$`, "m");
  return line.exec(printed)?.[1] ?? null;
}
