/**
 * What the lab's report vouches for: the sources that confine a production VM, as one hash. Used by
 * the lab when it writes the report, and by the check that fails when they changed since.
 *
 * In it: the Firecracker driver, what both drivers share, volumes, the looks at processes, and the
 * units that the agent runs under. Tests are not: a better test doesn't age what was shown.
 */
import { createHash } from "node:crypto";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

const SOURCES = [
  "packages/runtime/src/vmm/*.ts",
  "packages/runtime/src/vmm/firecracker/**/*.ts",
  "packages/runtime/src/volumes/**/*.ts",
  "packages/runtime/src/host/**/*.ts",
  "packages/cli/src/commands/node/systemd-units.ts",
];

/** Paths relative to the clone, sorted. */
export function driverSources(root: string): readonly string[] {
  return globSync(SOURCES, { cwd: root })
    .filter((path) => !path.endsWith(".test.ts"))
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
