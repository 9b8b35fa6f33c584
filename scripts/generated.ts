/**
 * Keeps generated files true: compares each with what its generator makes now, or writes it anew with
 * `--write` (`npm run generate`). Called by the check suite. A generator is a pure function of the code.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { errorsPage } from "./generators/errors-page.ts";
import { firecrackerApiTypes } from "./generators/firecracker-api.ts";
import { instanceStatesPage } from "./generators/instance-states-page.ts";

const generators: Readonly<Record<string, () => string>> = {
  "docs/errors.md": errorsPage,
  "docs/instance-states.md": instanceStatesPage,
  "packages/runtime/src/vmm/firecracker/api/types.ts": firecrackerApiTypes,
};

const root = join(import.meta.dirname, "..");

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

const outdated = Object.entries(generators)
  .map(([path, generate]) => ({ path, text: generate() }))
  .filter(({ path, text }) => readOrEmpty(join(root, path)) !== text);

for (const { path, text } of outdated) {
  if (process.argv.includes("--write")) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
    console.log(`wrote ${path}`);
  } else {
    console.error(`${path} is not what the code says now: run npm run generate`);
    process.exitCode = 1;
  }
}
