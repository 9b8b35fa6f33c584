/**
 * One run of the lab from the host's image to the report. Called by lab.ts.
 *
 * The lab host is ended by its pid when the run ends, whatever happened, unless it was asked to stay.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

import * as z from "zod";

import { buildBundles } from "../build.ts";
import { NO_COUNTS, SuiteReport } from "../suite-report.ts";
import type { LabPart } from "./chosen-part.ts";
import { driverSourcesHash } from "./evidence/driver-sources.ts";
import { EVIDENCE_PATH, evidenceText, type OutsideOutcome } from "./evidence/evidence.ts";
import { TRANSCRIPT_PATH, transcriptText } from "./evidence/transcript.ts";
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
const FIGURES_TIMEOUT_MS = 2 * 60 * 60_000;
/** Of bench/: what only a host with Firecracker can show. */
const FIGURES = ["firecracker-boot", "idle-agent"];
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
    const scope = { only: options.only, hasFirecracker: firecrackerDir !== null };
    const isWhole = scope.only === null && scope.hasFirecracker;
    const figures = isWhole ? await measureFigures(lab) : null;
    const hasPassed =
      suite?.failed.length === 0 && outside.every(({ failure }) => failure === null) && (!isWhole || figures !== null);
    const obstacle = hasPassed ? noReportBecause(scope, suite) : "something failed";
    const finishedAt = new Date().toISOString();
    const versions = await labVersions(lab.shell);
    const transcript = suite === null ? null : transcriptText({ finishedAt, versions, suite });
    if (transcript !== null) await writeEvidence(join(root, TRANSCRIPT_PATH), transcript);
    if (hasPassed && obstacle === null) {
      const text = evidenceText({ sourcesHash, finishedAt, versions, suite, outside, figures: figures ?? "" });
      await writeEvidence(join(root, EVIDENCE_PATH), text);
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
  const hasFirecracker = firecrackerDir !== null;
  const env = {
    MVM_REQUIRE: requiredInLab({ hasFirecracker }, process.env["MVM_REQUIRE"]),
    ...(hasFirecracker ? { MVM_FIRECRACKER_DIR: INSTALLED.firecracker } : {}),
  };
  const only = options.only === null ? [] : ["--only", options.only];
  const line = inCheckout(env, ["scripts/test.ts", "--report", REPORT_IN_LAB, ...only, "lab"]);
  await lab.shell.tryRun(line, { timeoutMs: SUITE_TIMEOUT_MS, stream: process.stdout });
  const { code, stdout } = await lab.shell.tryRun(`cat ${REPORT_IN_LAB}`, { timeoutMs: 60_000 });
  return code === 0 ? (z.array(SuiteReport).parse(JSON.parse(stdout))[0] ?? null) : null;
}

/** Measures what docs/lab.md calls figures. @returns the table, or null when one of them could not be measured */
async function measureFigures(lab: Lab): Promise<string | null> {
  process.stdout.write("\n── figures ──\n");
  const line = inCheckout({ MVM_FIRECRACKER_DIR: INSTALLED.firecracker }, ["bench/main.ts", ...FIGURES]);
  const { code, stdout, tail } = await lab.shell.tryRun(line, { timeoutMs: FIGURES_TIMEOUT_MS });
  process.stdout.write(code === 0 ? stdout : tail);
  return code === 0 ? stdout.trim() : null;
}

/** A shell line that runs a program of the clone inside, with its tests' images. */
function inCheckout(env: Readonly<Record<string, string>>, argv: readonly string[]): string {
  const all = {
    MVM_TEST_IMAGES: INSTALLED.images,
    // What it is run from can't be written to.
    NODE_COMPILE_CACHE: "/var/tmp/compile-cache",
    ...env,
  };
  const assignments = Object.entries(all).map(([name, value]) => `${name}=${quotedWord(value)}`);
  return `cd ${INSTALLED.checkout} && env ${[...assignments, INSTALLED.node, ...argv.map(quotedWord)].join(" ")}`;
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

async function writeEvidence(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  say(`${basename(path)} is written: ${path}`);
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
