import assert from "node:assert/strict";
import test from "node:test";
import { MvmError, type CommandRunner } from "@mvm/core";
import { isHostEnding } from "./host-end.ts";

function printing(stdout: string): CommandRunner {
  return { run: async () => ({ code: 0, stdout, stderr: "" }) };
}

test("a host goes down when its systemd says so, and where there is none nobody says so", async () => {
  assert.equal(await isHostEnding(printing("stopping\n")), true);
  for (const state of ["running\n", "degraded\n", "starting\n", ""])
    assert.equal(await isHostEnding(printing(state)), false, state);
  const absent: CommandRunner = {
    run: () => Promise.reject(new MvmError("MVM_HOST_COMMAND_FAILED", { message: "no systemctl" })),
  };
  assert.equal(await isHostEnding(absent), false);
});
