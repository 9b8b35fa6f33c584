/**
 * `npm run quickstart`: bundles the programs, then becomes `mvm quickstart` with the same arguments.
 * Called through scripts/setup.mjs, which has installed what is needed.
 */
import { join } from "node:path";

import { buildBundles } from "./build.ts";

const cli = join(import.meta.dirname, "..", "dist", "mvm.mjs");

await buildBundles();
process.argv.splice(1, 1, cli, "quickstart");
await import(cli);
