/** `mvm agent run` where production's promises can't be kept: it refuses before it touches anything. Boots no VM. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { NodeCheckReport } from "@mvm/core";
import { requires } from "@mvm/testing";
import * as z from "zod";

const skip = await requires("root");
const MAIN = join(import.meta.dirname, "../../main.ts");
const cwd = realpathSync(mkdtempSync(join(tmpdir(), "mvm-agent-run-")));
after(() => rmSync(cwd, { recursive: true }));

/** There is no Firecracker, wherever the machine may have one. */
const CONFIG = `schema_version = 1
images = { dir = "images" }
[node]
name = "n1"
mode = "production"
firecracker_dir = "no-firecracker"
state_dir = "state"
runtime_dir = "run"
`;

const Report = z.object({ checks: NodeCheckReport.shape.checks });
const mvm = (...args: readonly string[]) =>
  spawnSync(process.execPath, [MAIN, ...args], { cwd, encoding: "utf8", timeout: 60_000 });

/** Processes that were started here or name a file of it. */
function processesHere(): readonly string[] {
  return readdirSync("/proc").filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(cwd) || realpathSync(`/proc/${pid}/cwd`) === cwd;
    } catch {
      // It has ended meanwhile.
      return false;
    }
  });
}

test(
  "in production the agent refuses a host that can't keep its promises, names each, and leaves nothing",
  { skip },
  () => {
    mkdirSync(join(cwd, "no-firecracker"));
    writeFileSync(join(cwd, "mvm.toml"), CONFIG);
    const before = readdirSync(cwd, { recursive: true, encoding: "utf8" }).toSorted();
    const { status, signal, stdout, stderr } = mvm("agent", "run");
    assert.deepEqual([status, signal, stdout], [6, null, ""], stderr);
    assert.match(stderr, /MVM_HOST_UNSUPPORTED/);
    assert.deepEqual(
      readdirSync(cwd, { recursive: true, encoding: "utf8" }).toSorted(),
      before,
      "no database, no directory",
    );
    assert.deepEqual(processesHere(), []);

    const { checks } = Report.parse(JSON.parse(mvm("node", "check", "--json").stdout));
    const missing = checks.filter((check) => check.status === "missing");
    assert.ok(["driver", "firecracker", "jailer"].every((name) => missing.some((check) => check.name === name)));
    for (const { name, remedy } of missing) {
      assert.ok(stderr.includes(`${name} (`), `${name} is named: ${stderr}`);
      assert.ok(remedy !== null && stderr.includes(`${name}: ${remedy}`), `the remedy of ${name}: ${stderr}`);
    }
  },
);
