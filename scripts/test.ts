/**
 * Runs test suites: `node scripts/test.ts [--only PART] [--report FILE] check vm`. The one gate, here and in continuous
 * integration; called by the npm scripts through scripts/setup.mjs.
 *
 * Every step runs, whatever failed before it. Ends with each suite's wall time, what was skipped
 * and why, and one set of closing counts; exit code 1 when anything failed.
 */
import { spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { addCounts, COUNTS, NO_COUNTS, type SkippedTest, type SuiteReport, type TestNote } from "./suite-report.ts";
import { type CommandStep, type Suite, type SuiteNeed, suites } from "./suites.ts";
import { runTestFiles } from "./test-files.ts";

const OLDEST_NODE = [24, 16] as const;
const EXIT_USAGE = 2;
const EXIT_UNSUPPORTED_HOST = 6;
/** Stands in the host that `npm run lab` makes, and nowhere else. */
const LAB_MARKER = "/etc/mvm-lab";

const root = join(import.meta.dirname, "..");

function isTooOld(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1]);
}

function secondsSince(startedAt: number): number {
  return (performance.now() - startedAt) / 1000;
}

/** Runs one command; prints a line, and its output only when it failed. */
function runCommand(step: CommandStep): boolean {
  const startedAt = performance.now();
  const [program, ...args] = step.argv;
  const result = spawnSync(program, args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  const ok = result.status === 0;
  if (!ok) process.stdout.write(`${result.stdout}${result.stderr}${result.error?.message ?? ""}\n`);
  process.stdout.write(`${ok ? "✔" : "✖"} ${step.name} (${secondsSince(startedAt).toFixed(1)} s)\n`);
  return ok;
}

const obstacles: Readonly<Record<SuiteNeed, () => string | null>> = {
  root: () => (process.getuid?.() === 0 ? null : "needs root: run it with sudo"),
  lab: () => (existsSync(LAB_MARKER) ? null : "needs the lab host: npm run lab"),
};

/** What the suite lacks here, with the remedy; undefined when it can run. */
function obstacle({ needs }: Suite): { readonly need: SuiteNeed; readonly reason: string } | undefined {
  for (const need of needs) {
    const reason = obstacles[need]();
    if (reason !== null) return { need, reason };
  }
  return undefined;
}

/** @param only part of the names of the test files to run; without it all of them */
async function runSuite(suite: Suite, only: string): Promise<SuiteReport> {
  process.stdout.write(`\n── ${suite.name} ──\n`);
  const lacking = obstacle(suite);
  if (lacking !== undefined) {
    process.stdout.write(`skipped: ${lacking.reason}\n`);
    const isRequired = (process.env["MVM_REQUIRE"] ?? "").split(",").includes(lacking.need);
    const failedToo = isRequired ? ["MVM_REQUIRE"] : [];
    const nothing = { name: suite.name, seconds: 0, files: [], counts: NO_COUNTS, skipped: [], notes: [] };
    return { ...nothing, failed: failedToo, skippedWhole: lacking.reason };
  }

  const startedAt = performance.now();
  const failed: string[] = [];
  const run: string[] = [];
  let counts = NO_COUNTS;
  const skipped: SkippedTest[] = [];
  const notes: TestNote[] = [];
  for (const step of suite.steps) {
    if (step.kind === "command") {
      if (!runCommand(step)) failed.push(step.name);
      continue;
    }
    const files = step.files.filter((file) => file.includes(only));
    if (files.length === 0) {
      failed.push("no test files");
      continue;
    }
    run.push(...files);
    const outcome = await runTestFiles({ ...step, files }, root);
    counts = addCounts(counts, outcome.counts);
    skipped.push(...outcome.skipped);
    notes.push(...outcome.notes);
    if (outcome.counts.fail + outcome.counts.cancelled > 0) failed.push("tests");
  }
  return {
    name: suite.name,
    seconds: secondsSince(startedAt),
    failed,
    files: run,
    counts,
    skipped: skipped.map(inClone),
    notes: notes.map(inClone),
  };
}

function inClone<Said extends { readonly file: string }>(said: Said): Said {
  return { ...said, file: said.file.replace(`${root}/`, "") };
}

function printClosing(reports: readonly SuiteReport[]): void {
  const lines = ["", "Suites"];
  for (const { name, seconds, failed, skippedWhole } of reports) {
    const verdict =
      failed.length > 0 ? `FAILED: ${failed.join(", ")}` : skippedWhole === undefined ? "passed" : "skipped";
    lines.push(`  ${name.padEnd(8)}${seconds.toFixed(1).padStart(8)} s  ${verdict}`);
  }
  const skips = reports.flatMap(({ name, skippedWhole, skipped }) => [
    ...(skippedWhole === undefined ? [] : [`  the whole suite ${name}: ${skippedWhole}`]),
    ...skipped.map(({ file, test, reason }) => `  ${file}: ${test}: ${reason}`),
  ]);
  lines.push(skips.length === 0 ? "Nothing was skipped." : "Skipped", ...skips);

  const counts = reports.reduce((sum, report) => addCounts(sum, report.counts), NO_COUNTS);
  for (const key of COUNTS) lines.push(`ℹ ${key} ${counts[key]}`);
  lines.push(`ℹ duration_ms ${Math.round(reports.reduce((sum, { seconds }) => sum + seconds, 0) * 1000)}`, "");
  process.stdout.write(lines.join("\n"));
}

async function main(args: readonly string[]): Promise<number> {
  if (isTooOld(process.versions.node)) {
    process.stderr.write(
      `test: Node ${process.versions.node} is too old, at least ${OLDEST_NODE.join(".")} is needed: npm run check\n`,
    );
    return EXIT_UNSUPPORTED_HOST;
  }
  // Test files run each in a process of their own: what one compiled, the next needn't.
  process.env["NODE_COMPILE_CACHE"] ??= join(root, ".build", "compile-cache");
  const options = { only: { type: "string" }, report: { type: "string" } } as const;
  const { values, positionals: names } = parseArgs({ args: [...args], options, allowPositionals: true });
  const known = suites(root);
  const chosen = known.filter(({ name }) => names.includes(name));
  if (chosen.length === 0 || chosen.length !== names.length) {
    process.stderr.write(`test: say which suites: ${known.map(({ name }) => name).join(", ")}\n`);
    return EXIT_USAGE;
  }
  const reports: SuiteReport[] = [];
  for (const suite of chosen) reports.push(await runSuite(suite, values.only ?? ""));
  printClosing(reports);
  if (values.report !== undefined) writeFileSync(values.report, JSON.stringify(reports));
  return reports.some(({ failed }) => failed.length > 0) ? 1 : 0;
}

process.exitCode = await main(process.argv.slice(2));
