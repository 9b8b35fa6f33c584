/**
 * The test suites and the steps of each, as data.
 *
 * A test file belongs to a suite by its name: `*.vm.test.ts` to `vm`, `*.lab.test.ts` to `lab`,
 * `*.long.test.ts` to `long`, plain `*.test.ts` to `check`.
 * Read by scripts/test.ts, which runs them; adding a step or a suite happens here only.
 */
import { globSync } from "node:fs";

/** A command that must end with 0. Its output is shown only when it doesn't. */
export interface CommandStep {
  readonly kind: "command";
  readonly name: string;
  readonly argv: readonly [string, ...string[]];
}

/** Test files run by Node's test runner. */
export interface TestStep {
  readonly kind: "tests";
  readonly files: readonly string[];
  /** Files that run at once; `true`: as many as there are processors, less one. */
  readonly concurrency: number | true;
  /** Deadline of one file. */
  readonly timeoutMs: number;
}

/** `lab`: the host that `npm run lab` makes; its tests install units and reboot things. */
export type SuiteNeed = "root" | "lab";

export interface Suite {
  readonly name: string;
  /** What the machine must offer; without it the suite is skipped, or fails when MVM_REQUIRE names it. */
  readonly needs: readonly SuiteNeed[];
  readonly steps: readonly (CommandStep | TestStep)[];
}

const KNIP = ["node_modules/.bin/knip", "--no-progress", "--no-config-hints"] as const;

export const SUITES_BY_SUFFIX = ["vm", "lab", "long"];

/** The suite that a test file belongs to, by its name. */
export function suiteOf(file: string): string {
  const suffix = /\.([a-z]+)\.test\.ts$/.exec(file)?.[1];
  return suffix !== undefined && SUITES_BY_SUFFIX.includes(suffix) ? suffix : "check";
}

function testFiles(suite: string, root: string): string[] {
  const all = globSync(["packages/*/src/**/*.test.ts", "scripts/**/*.test.ts"], { cwd: root });
  return all.filter((file) => suiteOf(file) === suite).sort();
}

/** Every suite that `scripts/test.ts` can run, with its test files as they now lie under `root`. */
export function suites(root: string): readonly Suite[] {
  return [
    {
      name: "check",
      needs: [],
      steps: [
        { kind: "command", name: "format", argv: ["node_modules/.bin/oxfmt", "--check"] },
        { kind: "command", name: "lint", argv: ["node_modules/.bin/oxlint"] },
        // By path: a dependency's older TypeScript must never be the one that answers.
        { kind: "command", name: "types", argv: [process.execPath, "node_modules/typescript/bin/tsc", "-b"] },
        { kind: "command", name: "edges", argv: [process.execPath, "scripts/edges/check.ts"] },
        { kind: "command", name: "dead code", argv: [...KNIP] },
        // What an index lists for nobody is dead as well; types are left out, being part of a contract.
        { kind: "command", name: "dead exports", argv: [...KNIP, "--include", "exports", "--include-entry-exports"] },
        { kind: "command", name: "generated", argv: [process.execPath, "scripts/generated.ts"] },
        { kind: "tests", files: testFiles("check", root), concurrency: true, timeoutMs: 120_000 },
      ],
    },
    {
      name: "vm",
      needs: ["root"],
      steps: [
        { kind: "command", name: "build", argv: [process.execPath, "scripts/build.ts"] },
        // One file at a time: they share the machine's memory and one set of booted OpenClaw VMs.
        { kind: "tests", files: testFiles("vm", root), concurrency: 1, timeoutMs: 50 * 60_000 },
      ],
    },
    {
      name: "lab",
      needs: ["root", "lab"],
      // Emulated, everything takes an order of magnitude longer.
      steps: [{ kind: "tests", files: testFiles("lab", root), concurrency: 1, timeoutMs: 90 * 60_000 }],
    },
    {
      // By hand: what takes longer than anybody waits for.
      name: "long",
      needs: ["root"],
      steps: [{ kind: "tests", files: testFiles("long", root), concurrency: 1, timeoutMs: 3 * 60 * 60_000 }],
    },
  ];
}
