/**
 * `npm run lab`: a whole production host in an emulated VM, this build installed in it as an operator
 * would, the suite `lab` inside, cases driven from outside, and a report. See docs/lab.md.
 *
 * Reads the command line and asks whether this host can do it; run-lab.ts does it. Everything lies
 * below .build/lab.
 */
import { globSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";

import { chosenPart } from "./chosen-part.ts";
import { missingForLab } from "./lab-needs.ts";
import { type LabOptions, readLabOptions, USAGE } from "./lab-options.ts";
import { findLab } from "./machine/lab-machine.ts";
import { runLab, say } from "./run-lab.ts";

const EXIT_USAGE = 2;
const EXIT_UNSUPPORTED_HOST = 6;

const root = join(import.meta.dirname, "../..");
const labDir = join(root, ".build", "lab");

async function main(args: readonly string[]): Promise<number> {
  let options: LabOptions;
  try {
    options = readLabOptions(args);
  } catch (error) {
    return refuse([error instanceof Error ? error.message : String(error), "see npm run lab -- --help"], EXIT_USAGE);
  }
  if (options.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  if (options.down) return takeDown();
  const missing = missingForLab(process.env);
  if (missing.length > 0) return refuse(missing, EXIT_UNSUPPORTED_HOST);
  const part = chosenPart(root, options.only);
  if (part.files.length + part.outside.length === 0)
    return refuse([`neither a test file nor a case is called anything with '${options.only}'`], EXIT_USAGE);
  if ((await findLab(labDir)) !== null) return refuse(["a lab host is up already: npm run lab -- --down"], EXIT_USAGE);
  await mkdir(labDir, { recursive: true });
  await removeRemains();
  const firecrackerDir = process.env["MVM_FIRECRACKER_DIR"] ?? null;
  return runLab({ root, labDir, options, part, firecrackerDir });
}

function refuse(lines: readonly string[], exitCode: number): number {
  for (const line of lines) process.stderr.write(`lab: ${line}\n`);
  return exitCode;
}

async function takeDown(): Promise<number> {
  const lab = await findLab(labDir);
  await lab?.down();
  say(lab === null ? "no lab host is up" : "ended");
  return 0;
}

/** Of a run that was cut off while it made something. */
async function removeRemains(): Promise<void> {
  for (const name of globSync(["work-*", "payload-*"], { cwd: labDir }))
    await rm(join(labDir, name), { recursive: true, force: true });
}

process.exitCode = await main(process.argv.slice(2));
