/**
 * Checks the edges between packages and files of the project (`check` suite). Fails as well when
 * fewer files were cruised than lie on the disk: a checker that sees nothing finds nothing.
 */
import { globSync } from "node:fs";
import { join } from "node:path";

import { cruiseTree } from "./cruise.ts";
import { rules } from "./rules.ts";

const FEWEST_FILES = 50;

const root = join(import.meta.dirname, "..", "..");
const onDisk = globSync("packages/*/src/**/*.ts", { cwd: root });
const { files, violations } = await cruiseTree(root, rules);

for (const { rule, from, to, comment } of violations) console.error(`${rule}: ${from} → ${to}\n  ${comment}`);

const cruised = new Set(files);
const unseen = onDisk.filter((file) => !cruised.has(file));
if (unseen.length > 0) console.error(`not cruised: ${unseen.join(", ")}`);
if (files.length <= FEWEST_FILES)
  console.error(`only ${files.length} files were cruised, more than ${FEWEST_FILES} are expected`);

console.log(`${files.length} files cruised, ${rules.length} rules, ${violations.length} violations`);
process.exitCode = violations.length > 0 || unseen.length > 0 || files.length <= FEWEST_FILES ? 1 : 0;
