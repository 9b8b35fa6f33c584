/** `mvm node check` on this host, whatever it is: the program as an operator runs it, no server. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { NodeCheckReport } from "@mvm/core";
import { requires } from "@mvm/testing";
import * as z from "zod";

const skip = await requires("root");
const MAIN = join(import.meta.dirname, "../../main.ts");
const cwd = mkdtempSync(join(tmpdir(), "mvm-check-"));
after(() => rmSync(cwd, { recursive: true }));

const check = (mode: string, ...flags: readonly string[]) => {
  const config = `schema_version = 1\nimages = { dir = "images" }\n[node]\nname = "n1"\nmode = "${mode}"\nstate_dir = "state"\nruntime_dir = "run"\n`;
  writeFileSync(join(cwd, "mvm.toml"), config);
  return spawnSync(process.execPath, [MAIN, "node", "check", ...flags], { cwd, encoding: "utf8", timeout: 120_000 });
};

const Document = NodeCheckReport.extend({ schema_version: z.literal(1), config: z.looseObject({ path: z.string() }) });
const reportOf = (stdout: string): NodeCheckReport => Document.parse(JSON.parse(stdout));

describe("mvm node check", { skip }, () => {
  for (const mode of ["production", "development"]) {
    test(`in mode ${mode} prints a report in the published form and ends by it`, (context) => {
      const { status, stdout, stderr } = check(mode, "--json");
      assert.notEqual(stdout, "", stderr);
      const report = reportOf(stdout);
      assert.equal(report.mode, mode);
      const missing = report.checks.filter((one) => one.status === "missing");
      for (const { name, seen } of missing) context.diagnostic(`${name}: ${seen}`);
      assert.equal(status, missing.length === 0 ? 0 : 6);
      assert.equal(report.fit, missing.length === 0);
      assert.equal(stderr.includes("MVM_HOST_UNSUPPORTED"), missing.length > 0);
    });
  }

  test("says to people the same", () => {
    const { checks } = reportOf(check("production", "--json").stdout);
    const { stdout } = check("production");
    for (const { name, status, remedy } of checks) {
      assert.match(stdout, new RegExp(`^${status} +${name} +\\S`, "m"));
      if (remedy !== null) assert.ok(stdout.includes(remedy), remedy);
    }
  });
});
