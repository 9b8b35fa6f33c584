/**
 * Runs test suites: `node scripts/test.ts check vm`. The one gate, here and in continuous
 * integration; called by the npm scripts through scripts/setup.mjs.
 *
 * Every step runs, whatever failed before it. Ends with each suite's wall time, what was skipped
 * and why, and one set of closing counts; exit code 1 when anything failed.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";

import { type CommandStep, type Suite, suites } from "./suites.ts";
import { addCounts, COUNTS, type Counts, NO_COUNTS, runTestFiles, type SkippedTest } from "./test-files.ts";

const OLDEST_NODE = [24, 16] as const;
const EXIT_USAGE = 2;
const EXIT_UNSUPPORTED_HOST = 6;

interface SuiteReport {
  readonly name: string;
  readonly seconds: number;
  /** Names of the failed steps; empty when all is well. */
  readonly failed: readonly string[];
  readonly counts: Counts;
  readonly skipped: readonly SkippedTest[];
  /** Why the suite did not run at all. */
  readonly skippedWhole?: string;
}

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

/** Why the suite can't run here, or undefined when it can. */
function obstacle(suite: Suite): string | undefined {
  return suite.needs.includes("root") && process.getuid?.() !== 0 ? "needs root: run it with sudo" : undefined;
}

async function runSuite(suite: Suite): Promise<SuiteReport> {
  process.stdout.write(`\n── ${suite.name} ──\n`);
  const nothing = { name: suite.name, seconds: 0, failed: [], counts: NO_COUNTS, skipped: [] };
  const reason = obstacle(suite);
  if (reason !== undefined) {
    process.stdout.write(`skipped: ${reason}\n`);
    const isRequired = suite.needs.some((need) => (process.env["MVM_REQUIRE"] ?? "").split(",").includes(need));
    return { ...nothing, failed: isRequired ? ["MVM_REQUIRE"] : [], skippedWhole: reason };
  }

  const startedAt = performance.now();
  const failed: string[] = [];
  let counts = NO_COUNTS;
  const skipped: SkippedTest[] = [];
  for (const step of suite.steps) {
    if (step.kind === "command") {
      if (!runCommand(step)) failed.push(step.name);
      continue;
    }
    if (step.files.length === 0) {
      failed.push("no test files");
      continue;
    }
    const outcome = await runTestFiles(step, root);
    counts = addCounts(counts, outcome.counts);
    skipped.push(...outcome.skipped);
    if (outcome.counts.fail + outcome.counts.cancelled > 0) failed.push("tests");
  }
  return { name: suite.name, seconds: secondsSince(startedAt), failed, counts, skipped };
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
    ...skipped.map(({ file, test, reason }) => `  ${file.replace(`${root}/`, "")}: ${test}: ${reason}`),
  ]);
  lines.push(skips.length === 0 ? "Nothing was skipped." : "Skipped", ...skips);

  const counts = reports.reduce((sum, report) => addCounts(sum, report.counts), NO_COUNTS);
  for (const key of COUNTS) lines.push(`ℹ ${key} ${counts[key]}`);
  lines.push(`ℹ duration_ms ${Math.round(reports.reduce((sum, { seconds }) => sum + seconds, 0) * 1000)}`, "");
  process.stdout.write(lines.join("\n"));
}

async function main(names: readonly string[]): Promise<number> {
  if (isTooOld(process.versions.node)) {
    process.stderr.write(
      `test: Node ${process.versions.node} is too old, at least ${OLDEST_NODE.join(".")} is needed: npm run check\n`,
    );
    return EXIT_UNSUPPORTED_HOST;
  }
  // Test files run each in a process of their own: what one compiled, the next needn't.
  process.env["NODE_COMPILE_CACHE"] ??= join(root, ".build", "compile-cache");
  const known = suites(root);
  const chosen = known.filter(({ name }) => names.includes(name));
  if (chosen.length === 0 || chosen.length !== names.length) {
    process.stderr.write(`test: say which suites: ${known.map(({ name }) => name).join(", ")}\n`);
    return EXIT_USAGE;
  }
  const reports: SuiteReport[] = [];
  for (const suite of chosen) reports.push(await runSuite(suite));
  printClosing(reports);
  return reports.some(({ failed }) => failed.length > 0) ? 1 : 0;
}

process.exitCode = await main(process.argv.slice(2));
