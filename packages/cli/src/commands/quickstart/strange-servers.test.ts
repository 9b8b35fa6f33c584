import assert from "node:assert/strict";
import test from "node:test";
import { runs } from "./strange-servers.ts";

const argv = ["node", "/clone/dist/mvm.mjs", "agent", "run", "--config", "/clone/quickstart/mvm.toml"];

test("a server is known by its verb and its config, whatever program it runs in", () => {
  assert.ok(runs(argv, "agent", "/clone/quickstart/mvm.toml"));
  assert.ok(!runs(argv, "coordinator", "/clone/quickstart/mvm.toml"));
  assert.ok(!runs(argv, "agent", "/other/quickstart/mvm.toml"));
  assert.ok(!runs(["tail", "-f", "/clone/quickstart/mvm.toml"], "agent", "/clone/quickstart/mvm.toml"));
});
