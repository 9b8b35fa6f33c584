/**
 * What the lab's report vouches for: the sources that confine a production VM, as one hash. Used by
 * the lab when it writes the report: it holds for these sources and no others.
 *
 * In it: the Firecracker driver with all that it stands on, volumes, the names of networks, the looks
 * at processes and at the host, and the units that the agent runs under. The agent's steps are not: what
 * they ask of a driver is seen with QEMU too. Tests are not: a better test doesn't age what was shown.
 */
import { createHash } from "node:crypto";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Patterns of paths, relative to the clone. */
export const CONFINING = [
  "packages/runtime/src/finding.ts",
  "packages/runtime/src/vmm/**/*.ts",
  "packages/runtime/src/volumes/**/*.ts",
  "packages/runtime/src/host/**/*.ts",
  "packages/runtime/src/network/network-names.ts",
  "packages/runtime/src/node-check/**/*.ts",
  "packages/core/src/api/host/unix-exchange.ts",
  "packages/core/src/node/files.ts",
  "packages/core/src/spec/mem-overhead.ts",
  "packages/agent/src/vms-cgroup.ts",
  "packages/cli/src/commands/node/systemd-units.ts",
];
/** The driver that production mode has no use for. */
const NOT_IN_PRODUCTION = "packages/runtime/src/vmm/qemu/";

/** Paths relative to the clone, sorted. */
export function driverSources(root: string): readonly string[] {
  return globSync(CONFINING, { cwd: root })
    .filter((path) => !path.endsWith(".test.ts") && !path.startsWith(NOT_IN_PRODUCTION))
    .sort();
}

/** 64 hexadecimal digits over the names and contents of all of them. */
export function driverSourcesHash(root: string): string {
  const hash = createHash("sha256");
  for (const path of driverSources(root)) {
    const content = createHash("sha256")
      .update(readFileSync(join(root, path)))
      .digest("hex");
    hash.update(`${content}  ${path}\n`);
  }
  return hash.digest("hex");
}
