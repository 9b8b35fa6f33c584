/**
 * One run of the lab from the host's image to the report. Called by lab.ts.
 *
 * The lab host is ended by its pid when the run ends, whatever happened, unless it was asked to stay.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import * as z from "zod";

import { buildBundles } from "../build.ts";
import { NO_COUNTS, SuiteReport } from "../suite-report.ts";
import type { LabPart } from "./chosen-part.ts";
import { driverSourcesHash } from "./evidence/driver-sources.ts";
import { EVIDENCE_PATH, evidenceText, type OutsideOutcome } from "./evidence/evidence.ts";
import { noReportBecause, requiredInLab } from "./evidence/report-rules.ts";
import { labVersions } from "./evidence/versions.ts";
import { ensureHostImage } from "./image/host-image.ts";
import { packPayload } from "./image/payload.ts";
import { install, INSTALLED, installSteps } from "./install.ts";
import type { LabOptions } from "./lab-options.ts";
import { type Lab, makeRunDir, startLab } from "./machine/lab-machine.ts";
import { runFilesOf } from "./machine/lab-process.ts";
import { quotedWord, sshArgv } from "./machine/lab-shell.ts";

const SUITE_TIMEOUT_MS = 8 * 60 * 60_000;
const REPORT_IN_LAB = "/var/tmp/lab-report.json";
const EXIT_INTERRUPTED = 130;
/** Types that the suite boots. */
const TESTED_TYPES = [
  { role: "worker", profile: "minimal" },
  { role: "probe", profile: "probe" },
];
const OPENCLAW_TYPES = [
  { role: "gateway", profile: "openclaw-gateway" },
  { role: "worker", profile: "openclaw-worker" },
];
const EMPTY_SUITE: SuiteReport = {
  name: "lab",
  seconds: 0,
  failed: [],
  files: [],
  counts: NO_COUNTS,
  skipped: [],
  notes: [],
};

export interface LabRun {
  /** The clone. */
  readonly root: string;
  readonly labDir: string;
  readonly options: LabOptions;
  readonly part: LabPart;
  /** Directory with firecracker and jailer; null: the lab host gets none. */
  readonly firecrackerDir: string | null;
}

export function say(line: string): void {
  process.stdout.write(`lab: ${line}\n`);
}

/** @returns the exit code: 0 when nothing failed */
export async function runLab(run: LabRun): Promise<number> {
  const { root, labDir, options, firecrackerDir } = run;
  const sourcesHash = driverSourcesHash(root);
  const image = await ensureHostImage(labDir, say);
  say("building this checkout, and the test images unless they are built");
  await buildBundles();
  const target = runFilesOf(await makeRunDir(labDir)).payload;
  const imagesDir = process.env["MVM_TEST_IMAGES"] ?? "/var/cache/mvm/test-images";
  const types = options.openclaw ? [...TESTED_TYPES, ...OPENCLAW_TYPES] : TESTED_TYPES;
  await packPayload({ root, labDir, target, types, imagesDir, firecrackerDir });
  const lab = await startLab(labDir, image);
  const signals = endOnSignal(lab);
  try {
    say("the lab host starts");
    await lab.ready();
    const example = await readFile(join(root, "examples/production/mvm.toml"), "utf8");
    await install(lab.shell, installSteps({ example, hasFirecracker: firecrackerDir !== null }), say);
    const suite = await runSuite(lab, run);
    const outside = await runOutside(lab, run.part);
    const hasPassed = suite?.failed.length === 0 && outside.every(({ failure }) => failure === null);
    const scope = { only: options.only, hasFirecracker: firecrackerDir !== null };
    const obstacle = hasPassed ? noReportBecause(scope, suite) : "something failed";
    if (hasPassed && obstacle === null) {
      const finishedAt = new Date().toISOString();
      const versions = await labVersions(lab.shell);
      await writeEvidence(root, evidenceText({ sourcesHash, finishedAt, versions, suite, outside }));
    } else {
      say(`no report is written: ${obstacle}`);
    }
    return hasPassed ? 0 : 1;
  } finally {
    signals.ignore();
    if (options.keep) sayHowToEnter(lab);
    else await lab.down();
  }
}

/** Runs the suite inside, its output as it comes. @returns null when it did not get to its end */
async function runSuite(lab: Lab, { part, options, firecrackerDir }: LabRun): Promise<SuiteReport | null> {
  if (part.files.length === 0) return EMPTY_SUITE;
  const env = {
    MVM_TEST_IMAGES: INSTALLED.images,
    // What it is run from can't be written to.
    NODE_COMPILE_CACHE: "/var/tmp/compile-cache",
    MVM_REQUIRE: requiredInLab({ hasFirecracker: firecrackerDir !== null }, process.env["MVM_REQUIRE"]),
    ...(firecrackerDir === null ? {} : { MVM_FIRECRACKER_DIR: INSTALLED.firecracker }),
  };
  const assignments = Object.entries(env).map(([name, value]) => `${name}=${quotedWord(value)}`);
  const only = options.only === null ? [] : ["--only", quotedWord(options.only)];
  const command = ["env", ...assignments, INSTALLED.node, "scripts/test.ts", "--report", REPORT_IN_LAB, ...only, "lab"];
  const line = `cd ${INSTALLED.checkout} && ${command.join(" ")}`;
  await lab.shell.tryRun(line, { timeoutMs: SUITE_TIMEOUT_MS, stream: process.stdout });
  const { code, stdout } = await lab.shell.tryRun(`cat ${REPORT_IN_LAB}`, { timeoutMs: 60_000 });
  return code === 0 ? (z.array(SuiteReport).parse(JSON.parse(stdout))[0] ?? null) : null;
}

async function runOutside(lab: Lab, { outside }: LabPart): Promise<readonly OutsideOutcome[]> {
  const outcomes: OutsideOutcome[] = [];
  if (outside.length > 0) process.stdout.write("\n── driven from outside ──\n");
  for (const { name, run } of outside) {
    const startedAt = performance.now();
    const failure = await run(lab).then(
      () => null,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    const seconds = (performance.now() - startedAt) / 1000;
    process.stdout.write(`${failure === null ? "✔" : "✖"} ${name} (${seconds.toFixed(1)} s)\n`);
    if (failure !== null) process.stdout.write(`${failure}\n`);
    outcomes.push({ name, seconds, failure });
  }
  return outcomes;
}

async function writeEvidence(root: string, text: string): Promise<void> {
  const path = join(root, EVIDENCE_PATH);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  say(`the report is in ${EVIDENCE_PATH}`);
}

/** Ctrl-C ends the lab host as well. */
function endOnSignal(lab: Lab): { ignore(): void } {
  const end = (): void => {
    void lab.down().finally(() => process.exit(EXIT_INTERRUPTED));
  };
  process.once("SIGINT", end);
  process.once("SIGTERM", end);
  return {
    ignore() {
      process.off("SIGINT", end);
      process.off("SIGTERM", end);
    },
  };
}

function sayHowToEnter({ address }: Lab): void {
  say(`the lab host stays up. Enter it: ${sshArgv(address).join(" ")}`);
  say("end it: npm run lab -- --down");
}
